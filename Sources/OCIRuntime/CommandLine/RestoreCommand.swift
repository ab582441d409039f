internal import LinuxSystem

/// `restore`: makes a container from what `checkpoint` has written and, unless detached, stays until its end.
enum RestoreCommand {
    private static let options: [Option] =
        CheckpointOptions.shared + [
            .value("bundle", "b"), .value("console-socket"), .value("pid-file"), .flag("detach", "d"),
            .flag("no-subreaper"), .flag("tcp-close"), .value("lsm-profile"), .value("lsm-mount-context"),
            .refused("no-pivot", "criu makes the container's root by pivot_root(2)"),
        ]

    static let command = Subcommand(options: options) { options, global throws(LaunchError) in
        if options.has("help") { return try Usage.write("restore", Self.options) }
        let isDetached = options.has("detach")
        let wanted = try CheckpointOptions(options)
        let maker = try ContainerMaker(
            MakerOptions(
                id: try options.containerID(), bundle: options["bundle"].flatMap { $0.isEmpty ? nil : $0 } ?? ".",
                pidFile: options["pid-file"], consoleSocket: options["console-socket"], preservedDescriptors: 0,
                hasOwnKeyring: true), global)
        var made = try maker.restore(wanted, with: global.criu, isDetached: isDetached)
        for warning in made.warnings { global.log.warning(warning) }
        let attended = isDetached ? nil : try AttendedProcess(terminal: made.process.terminal)
        made.unlock()
        guard let attended else { return 0 }
        let status = attended.wait(for: made.process)
        try RunCommand.remove(made.found, made.bundle.specification, global.log)
        return status
    }
}
