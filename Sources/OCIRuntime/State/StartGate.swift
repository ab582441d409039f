internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Where a container's process waits between `create` and `start`: a FIFO that it alone reads.
///
/// It holds the FIFO until it executes its program, or ends. So who finds a reader knows that the container is not started,
/// and who finds none knows that it is, whichever command was killed in between.
struct StartGate: ~Copyable {
    /// The FIFO as the container's process has it: open for both, so that reading it waits.
    let gate: FileDescriptor
    /// The file that the process writes its failure to.
    let failure: FileDescriptor

    /// Makes both.
    static func make(_ folder: ContainerFolder) throws(SystemError) -> StartGate {
        try retrying("make", folder.gatePath) { folder.gatePath.withCString { mkfifo($0, 0o600) } }
        let gate = try FileDescriptor.open(folder.gatePath, O_RDWR | O_NOFOLLOW)
        let failure = try FileDescriptor.open(folder.failurePath, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
        return StartGate(gate: gate, failure: failure)
    }

    /// Whether a process waits for its start.
    static func isWaitedAt(_ folder: ContainerFolder) -> Bool {
        // ENXIO: nobody reads it.
        (try? FileDescriptor.open(folder.gatePath, O_WRONLY | O_NONBLOCK | O_NOFOLLOW)) != nil
    }

    /// Lets the process go on, and waits until it has executed its program.
    ///
    /// - Throws: `LaunchError` when it could not.
    static func open(_ container: FoundContainer) throws(LaunchError) {
        do throws(SystemError) {
            let gate = try FileDescriptor.open(container.folder.gatePath, O_WRONLY | O_NONBLOCK | O_NOFOLLOW)
            try gate.writeAll([1])
            // The reader closes its end by its execve, or its end: POLLERR, which is always asked for.
            var entry = pollfd(fd: gate.rawValue, events: 0, revents: 0)
            while entry.revents == 0 { try retrying("wait for", "the container's start") { poll(&entry, 1, -1) } }
        } catch {
            throw LaunchError("cannot start container \(container.record.id): \(error)")
        }
        if let failure = failure(of: container) { throw failure }
    }

    /// Why the process could not execute its program; nil when it could.
    private static func failure(of container: FoundContainer) -> LaunchError? {
        guard let bytes = try? StoredFile.read(container.folder.failurePath),
            bytes.count == MemoryLayout<nb_outcome>.size
        else { return nil }
        var outcome = nb_outcome()
        withUnsafeMutableBytes(of: &outcome) { $0.copyBytes(from: bytes) }
        let record = container.record
        guard outcome.failed_step >= 0 else {
            return StepFailure.execution(of: record.program, Errno(outcome.error))
        }
        let place = Int(outcome.failed_step) - record.firstLateStep
        let step = record.lateSteps.indices.contains(place) ? record.lateSteps[place] : "start the container"
        return StepFailure.step(step, outcome)
    }
}
