internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// One thread that waits for descriptors on behalf of any number of tasks.
///
/// A task that waits costs an entry in a table, and no thread: neither one of its own, nor one of those few that run all tasks.
final class EventLoop: Sendable {
    /// How a wait ended.
    private enum Outcome: Sendable {
        case ready, cancelled
        case failed(SystemError)
    }

    private struct Waiter {
        let continuation: CheckedContinuation<Outcome, Never>
        /// Copies of our own: a caller may close what it waits for, and several may wait for one descriptor.
        let copies: [Int32]
    }

    private struct State {
        var waiters: [UInt64: Waiter] = [:]
        var lastToken: UInt64 = 0
        /// Waits that were given up before they had begun.
        var cancelled: Set<UInt64> = []
    }

    private static let shared = Result { () throws(SystemError) in try EventLoop() }

    private let epoll: FileDescriptor
    private let state = Mutex(State())

    private init() throws(SystemError) {
        epoll = FileDescriptor(owning: try checked(nb_wait_open(), "make", "an epoll instance"))
        try EngineThread.start { [self] in serve() }
    }

    /// Waits until one of the descriptors can be read, or has come to its end.
    ///
    /// - Throws: `EngineError.cancelled` when the task was cancelled; `.system`.
    static func readable(_ descriptors: Int32...) async throws(EngineError) {
        try await wait(for: descriptors, writable: false)
    }

    /// Waits until a descriptor takes more bytes, or nobody reads them any more.
    ///
    /// - Throws: `EngineError.cancelled` when the task was cancelled; `.system`.
    static func writable(_ descriptor: Int32) async throws(EngineError) {
        try await wait(for: [descriptor], writable: true)
    }

    private static func wait(for descriptors: [Int32], writable: Bool) async throws(EngineError) {
        let loop: EventLoop
        switch shared {
        case .success(let value): loop = value
        case .failure(let error): throw .system(error)
        }
        switch await loop.outcome(of: descriptors, writable) {
        case .ready: return
        case .cancelled: throw .cancelled
        case .failed(let error): throw .system(error)
        }
    }

    // MARK: - Tasks

    private func outcome(of descriptors: [Int32], _ writable: Bool) async -> Outcome {
        let token = state.withLock { state in
            state.lastToken += 1
            return state.lastToken
        }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let early: Outcome? = state.withLock { state in
                    if state.cancelled.contains(token) { return .cancelled }
                    do throws(SystemError) {
                        let copies = try watch(descriptors, writable, token)
                        state.waiters[token] = Waiter(continuation: continuation, copies: copies)
                        return nil
                    } catch {
                        return .failed(error)
                    }
                }
                if let early { continuation.resume(returning: early) }
            }
        } onCancel: {
            if !finish(token, .cancelled) { state.withLock { _ = $0.cancelled.insert(token) } }
        }
        state.withLock { _ = $0.cancelled.remove(token) }
        return outcome
    }

    /// Copies of the descriptors that the loop listens to from now on.
    private func watch(_ descriptors: [Int32], _ writable: Bool, _ token: UInt64) throws(SystemError) -> [Int32] {
        var copies: [Int32] = []
        do throws(SystemError) {
            for descriptor in descriptors {
                let copy = try retrying("duplicate", "descriptor \(descriptor)") {
                    fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
                }
                copies.append(copy)
                try checked(
                    nb_wait_add(epoll.rawValue, copy, writable ? 1 : 0, token), "wait for", "descriptor \(descriptor)")
            }
        } catch {
            drop(copies)
            throw error
        }
        return copies
    }

    private func drop(_ copies: [Int32]) {
        for copy in copies {
            // Closing is not enough: the caller's descriptor keeps the open file, and with it the entry.
            _ = nb_wait_remove(epoll.rawValue, copy)
            close(copy)
        }
    }

    /// Ends a wait.
    ///
    /// - Returns: false when it has not begun, or is over.
    @discardableResult
    private func finish(_ token: UInt64, _ outcome: Outcome) -> Bool {
        let waiter = state.withLock { state in
            let waiter = state.waiters.removeValue(forKey: token)
            if let waiter { drop(waiter.copies) }
            return waiter
        }
        waiter?.continuation.resume(returning: outcome)
        return waiter != nil
    }

    // MARK: - The thread

    private func serve() {
        var tokens = [UInt64](repeating: 0, count: Int(NB_WAIT_COUNT.rawValue))
        while true {
            let count = nb_wait_next(epoll.rawValue, &tokens)
            for token in tokens[..<max(0, Int(count))] { finish(token, .ready) }
        }
    }
}
