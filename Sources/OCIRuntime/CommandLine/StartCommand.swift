internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// `start`: lets the process of a created container execute its program.
enum StartCommand {
    static let command = Subcommand(options: []) { options, global throws(LaunchError) in
        let folder = try ContainerFolder(try options.containerID(), root: global.root)
        let lock = try folder.lock()
        defer { lock.hold() }
        let container = try FoundContainer(folder)
        try start(container, hooks: try container.specification().hooks)
        return 0
    }

    /// Starts a container that its caller has locked.
    ///
    /// - Throws: `LaunchError`; when a hook fails, the container has ended then, as with runc.
    static func start(_ container: FoundContainer, hooks: RuntimeSpecification.Hooks?) throws(LaunchError) {
        let id = container.record.id
        switch container.status() {
        case .created: break
        case .stopped: throw LaunchError("cannot start container \(id): cannot start a container that has stopped")
        case .running: throw LaunchError("cannot start container \(id): cannot start an already running container")
        case .creating, .paused: throw LaunchError("cannot start container \(id): it is \(container.status().rawValue)")
        }
        try StartGate.open(container)
        guard let hooks, !hooks.poststart.isEmpty else { return }
        let pid = container.record.process?.pid ?? 0
        do throws(LaunchError) {
            try HookRunner.run(hooks.poststart, "poststart", container.record.hookState(.running), pid: pid)
        } catch {
            if let pidfd = container.record.process?.open() { _ = nb_pidfd_send_signal(pidfd.rawValue, SIGKILL) }
            throw error
        }
    }
}
