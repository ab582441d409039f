internal import LinuxSystem
internal import OCISpec

/// The process that `exec` is asked for.
enum ExecProcess {
    /// That of `--process`, or else the container's own with what the options change.
    ///
    /// - Throws: `LaunchError`.
    static func process(
        _ options: Options, _ words: [String], _ specification: RuntimeSpecification
    ) throws(LaunchError) -> RuntimeSpecification.Process {
        if let path = options["process"] { return try read(path) }
        guard !words.isEmpty else { throw LaunchError("exec needs a command, or --process") }
        var process = specification.process ?? .init()
        // Told of when the container was made.
        _ = UnknownCapabilities.remove(from: &process)
        process.args = words
        process.terminal = options.has("tty")
        if let folder = options["cwd"] { process.cwd = folder }
        process.env += options.all("env")
        if options.has("no-new-privs") { process.noNewPrivileges = true }
        if let label = options["process-label"] { process.selinuxLabel = label }
        if let profile = options["apparmor"] { process.apparmorProfile = profile }
        add(options.all("cap"), to: &process)
        try setUser(options, &process)
        return process
    }

    private static func read(_ path: String) throws(LaunchError) -> RuntimeSpecification.Process {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try InputFile.read(path)
        } catch {
            throw LaunchError("cannot read the process: \(error)")
        }
        do throws(JSONError) {
            return try RuntimeSpecification.Process(jsonBytes: bytes)
        } catch {
            throw LaunchError("cannot read the process \(path): \(error)")
        }
    }

    private static func add(_ names: [String], to process: inout RuntimeSpecification.Process) {
        guard !names.isEmpty else { return }
        var capabilities = process.capabilities ?? .init()
        capabilities.bounding += names
        capabilities.effective += names
        capabilities.permitted += names
        process.capabilities = capabilities
    }

    /// `UID[:GID]`, numbers as runc has them.
    private static func setUser(
        _ options: Options, _ process: inout RuntimeSpecification.Process
    ) throws(LaunchError) {
        if let text = options["user"] {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let uid = ContainerUser.id(parts[0]) else { throw LaunchError("invalid user \(text): use UID[:GID]") }
            process.user.uid = uid
            if parts.count > 1 {
                guard let gid = ContainerUser.id(parts[1]) else {
                    throw LaunchError("invalid user \(text): use UID[:GID]")
                }
                process.user.gid = gid
            }
        }
        for text in options.all("additional-gids") {
            guard let gid = ContainerUser.id(text) else { throw LaunchError("invalid group \(text): use a number") }
            process.user.additionalGids.append(gid)
        }
    }
}
