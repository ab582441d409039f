internal import Glibc
internal import LinuxSystem

/// `delete`: removes what is left of a container that has ended; with `--force` also one that has not.
enum DeleteCommand {
    static let command = Subcommand(options: [.flag("force", "f"), .value("regex", "r")]) {
        options, global throws(LaunchError) in
        let isForced = options.has("force")
        let folder = try ContainerFolder(try options.containerID(), root: global.root)
        let lock: FolderLock
        do throws(LaunchError) {
            lock = try folder.lock()
        } catch {
            // Nothing is left to be forced.
            guard isForced, !StoredFile.exists(folder.path) else { throw error }
            return 0
        }
        defer { lock.hold() }
        let container: FoundContainer
        do throws(LaunchError) {
            container = try FoundContainer(folder)
        } catch {
            // What a killed `create` or `delete` has left has no record.
            guard isForced else { throw error }
            do throws(SystemError) {
                try folder.remove()
            } catch {
                throw LaunchError(error)
            }
            return 0
        }
        let status = container.status()
        guard isForced || status == .stopped else {
            throw LaunchError(
                "cannot delete container \(folder.id) that is not stopped: \(status.rawValue); kill it, or use --force")
        }
        try ContainerRemoval.remove(container, log: global.log)
        return 0
    }
}
