internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// What `delete` does, and who could not make a container, or has seen its end.
enum ContainerRemoval {
    /// Ends what is left of the container's processes and removes everything of it.
    ///
    /// Each part that is gone already is passed over, so that it can be done again after any failure.
    /// - Parameter specification: the container's, from whoever has it at hand.
    /// - Throws: `LaunchError`; the record is still there then.
    static func remove(
        _ container: FoundContainer, _ specification: RuntimeSpecification? = nil, log: RuntimeLog
    ) throws(LaunchError) {
        let process = container.record.process
        let pidfd = process?.open()
        kill(pidfd)
        // It reaches what is frozen, too: the first process before anything waits for its end.
        try removeCgroup(of: container)
        try awaitEnd(of: pidfd, process, container)
        runPoststopHooks(of: container, specification ?? (try? container.specification()), log)
        do throws(SystemError) {
            try container.folder.remove()
        } catch {
            throw LaunchError("cannot delete container \(container.record.id): \(error)")
        }
    }

    private static func kill(_ pidfd: borrowing FileDescriptor?) {
        if let number = pidfd.rawValue { _ = nb_pidfd_send_signal(number, SIGKILL) }
    }

    /// Waits for the end of the first process, and so of its PID namespace.
    private static func awaitEnd(
        of pidfd: consuming FileDescriptor?, _ process: ProcessIdentity?, _ container: FoundContainer
    ) throws(LaunchError) {
        guard let process, let pidfd = pidfd.take() else { return }
        do throws(SystemError) {
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
            if !cgroup.removeIfEmpty() {
                try cgroup.killAndWait()
                try cgroup.remove()
            }
            try cgroup.removeEmptyParents()
        } catch {
            throw LaunchError("cannot delete container \(container.record.id): \(error)")
        }
    }

    /// Their failures change nothing any more (runtime-spec, runtime.md "Lifecycle").
    private static func runPoststopHooks(
        of container: FoundContainer, _ specification: RuntimeSpecification?, _ log: RuntimeLog
    ) {
        guard let hooks = specification?.hooks else { return }
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
