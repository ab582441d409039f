internal import LinuxSystem

/// `checkpoint`: writes a running container to a folder, from which `restore` makes it again.
enum CheckpointCommand {
    private static let options: [Option] =
        CheckpointOptions.shared + [
            .value("parent-path"), .flag("leave-running"), .flag("tcp-skip-in-flight"), .flag("link-remap"),
            .flag("pre-dump"),
            .refusedValue("status-fd", "it tells when a server of --lazy-pages is ready, which is refused"),
            .refusedValue("page-server", "the image goes to --image-path only; copy it from there"),
        ]

    static let command = Subcommand(options: options) { options, global throws(LaunchError) in
        if options.has("help") { return try Usage.write("checkpoint", Self.options) }
        let folder = try ContainerFolder(try options.containerID(), root: global.root)
        let lock = try folder.lock()
        defer { lock.hold() }
        let container = try FoundContainer(folder)
        let wanted = try CheckpointOptions(options)
        try Checkpoint(container, wanted).make(with: global.criu)
        guard !wanted.criu.leavesRunning, !wanted.isPreDump else { return 0 }
        // As runc and crun do: the name is free for the container that is restored.
        do throws(LaunchError) {
            try ContainerRemoval.remove(container, log: global.log)
        } catch {
            global.log.warning("\(error)")
        }
        return 0
    }
}

/// What `--help` prints of a command.
enum Usage {
    /// - Throws: `LaunchError`.
    static func write(_ name: String, _ options: [Option]) throws(LaunchError) -> Int32 {
        var text = "usage: nestbox-runtime \(name) [OPTION]... CONTAINER\noptions:\n"
        for option in options where option.refusal == nil {
            let names = option.names.map { $0.count == 1 ? "-\($0)" : "--\($0)" }
            text += "   \(names.joined(separator: ", "))\(option.takesValue ? " VALUE" : "")\n"
        }
        try Output.write(text)
        return 0
    }
}
