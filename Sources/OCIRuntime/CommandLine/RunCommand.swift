internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// `run`: creates and starts a container and, unless detached, stays until its end.
enum RunCommand {
    static let command = Subcommand(
        options: CreateCommand.options + [.flag("detach", "d"), .flag("keep")], startsProcess: true
    ) { options, global throws(LaunchError) in
        let isDetached = options.has("detach")
        let maker = try ContainerMaker(CreateCommand.makerOptions(options), global)
        let preference = OOMPreference()
        var made = try maker.make(isDetached: isDetached)
        for warning in made.warnings { global.log.warning(warning) }
        let attended = isDetached ? nil : try AttendedProcess(terminal: made.process.terminal)
        do throws(LaunchError) {
            try StartCommand.start(made.found, hooks: made.bundle.specification.hooks)
        } catch {
            try? ContainerRemoval.remove(made.found, log: global.log)
            throw error
        }
        made.unlock()
        guard let attended else { return 0 }
        if made.bundle.specification.process?.oomScoreAdj != nil { preference?.restore() }
        let status = attended.wait(for: made.process)
        if !options.has("keep") { try remove(made.found, made.bundle.specification, global.log) }
        return status
    }

    /// Removes the container that has ended, unless somebody else has done it meanwhile.
    static func remove(
        _ container: FoundContainer, _ specification: RuntimeSpecification, _ log: RuntimeLog
    ) throws(LaunchError) {
        guard let lock = try? container.folder.lock() else { return }
        defer { lock.hold() }
        guard let now = try? container.readAgain(), now.record.process == container.record.process else {
            return
        }
        try ContainerRemoval.remove(container, specification, log: log)
    }
}
