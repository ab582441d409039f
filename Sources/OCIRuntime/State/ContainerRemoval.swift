internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// What `delete` does, and who could not make a container, or has seen its end.
enum ContainerRemoval {
    /// Ends what is left of the container's processes and removes everything of it.
    ///
    /// Each part that is gone already is passed over, so that it can be done again after any failure.
    /// - Throws: `LaunchError`; the record is still there then.
    static func remove(_ container: FoundContainer, log: RuntimeLog) throws(LaunchError) {
        try end(container)
        try removeCgroup(of: container)
        runPoststopHooks(of: container, log)
        do throws(SystemError) {
            try container.folder.remove()
        } catch {
            throw LaunchError("cannot delete container \(container.record.id): \(error)")
        }
    }

    /// Kills the first process and waits for its end: with it ends its PID namespace.
    private static func end(_ container: FoundContainer) throws(LaunchError) {
        guard let process = container.record.process, let pidfd = process.open() else { return }
        do throws(SystemError) {
            // A frozen process dies when it is thawed, on v1; the cgroup's own kill does that below.
            if let cgroup = try? container.cgroup() { try? cgroup.thaw() }
            _ = nb_pidfd_send_signal(pidfd.rawValue, SIGKILL)
            guard try ProcessDescriptor.wait(for: pidfd, milliseconds: 10_000) else {
                throw SystemError("end", "process \(process.pid)", Errno(ETIMEDOUT))
            }
        } catch {
            throw LaunchError("cannot delete container \(container.record.id): \(error)")
        }
    }

    private static func removeCgroup(of container: FoundContainer) throws(LaunchError) {
        guard let cgroup = try container.cgroup() else { return }
        do throws(CgroupError) {
            try cgroup.killAndWait()
            try cgroup.remove()
            try cgroup.removeEmptyParents()
        } catch {
            throw LaunchError("cannot delete container \(container.record.id): \(error)")
        }
    }

    /// Their failures change nothing any more (runtime-spec, runtime.md "Lifecycle").
    private static func runPoststopHooks(of container: FoundContainer, _ log: RuntimeLog) {
        guard let hooks = (try? container.specification())?.hooks else { return }
        let state = container.record.hookState(.stopped)
        for hook in hooks.poststop {
            do throws(LaunchError) {
                try HookRunner.run([hook], "poststop", state, pid: 0)
            } catch {
                log.warning("\(error)")
            }
        }
    }
}
