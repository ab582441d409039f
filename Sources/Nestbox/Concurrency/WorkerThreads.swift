internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// A few threads for the engine's calls that block, so that none of those that run tasks ever does.
///
/// Threads are started as they are needed, and stay. Nothing that waits for a container's own doings is done here, only
/// what ends by itself: making, starting, removing, looking.
final class WorkerThreads: Sendable {
    /// The most threads: as many calls of this process are carried out at once, and others wait their turn.
    private static let limit = 16

    /// A call; it hears why it cannot be made.
    typealias Job = @Sendable (SystemError?) -> Void

    private struct State {
        /// Jobs in the order in which they are to be done, from `next` on.
        var jobs: [Job] = []
        var next = 0
        var idle = 0
        var threads = 0

        mutating func take() -> Job? {
            guard next < jobs.count else { return nil }
            let job = jobs[next]
            next += 1
            if next == jobs.count {
                jobs.removeAll(keepingCapacity: true)
                next = 0
            }
            return job
        }
    }

    private static let shared = Result { () throws(SystemError) in try WorkerThreads() }

    /// Counts jobs that no thread has taken; threads sleep in reading it.
    private let counter: FileDescriptor
    private let state = Mutex(State())

    private init() throws(SystemError) {
        counter = FileDescriptor(owning: try checked(nb_counter_open(), "make", "an event descriptor"))
    }

    /// Calls `body` on one of the threads and waits for its end.
    ///
    /// Cancelling the task neither stops the call nor makes this return earlier: what the call has made is known to the caller.
    ///
    /// - Throws: what `body` throws; `EngineError.system` when there is no thread.
    static func perform<Value>(
        _ body: @escaping @Sendable () throws(EngineError) -> sending Value
    ) async throws(EngineError) -> sending Value {
        let result: Result<Value, EngineError> = await withCheckedContinuation { continuation in
            submit { failure in
                if let failure { return continuation.resume(returning: .failure(.system(failure))) }
                do throws(EngineError) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    /// Has `job` done without waiting for it.
    ///
    /// - Parameter job: hears why there is no thread for it; it is called at once then, and must not block.
    static func submit(_ job: @escaping Job) {
        switch shared {
        case .success(let threads): threads.add(job)
        case .failure(let error): job(error)
        }
    }

    private func add(_ job: @escaping Job) {
        let needsThread = state.withLock { state in
            state.jobs.append(job)
            let waiting = state.jobs.count - state.next
            guard waiting > state.idle, state.threads < Self.limit else { return false }
            state.threads += 1
            return true
        }
        var one: UInt64 = 1
        write(counter.rawValue, &one, 8)
        guard needsThread else { return }
        do throws(SystemError) {
            try EngineThread.start { [self] in serve() }
        } catch {
            // Other threads come to it, if there are any.
            let stranded = state.withLock { state in
                state.threads -= 1
                var stranded: [Job] = []
                while state.threads == 0, let job = state.take() { stranded.append(job) }
                return stranded
            }
            for job in stranded { job(error) }
        }
    }

    private func serve() {
        while true {
            state.withLock { $0.idle += 1 }
            var count: UInt64 = 0
            while read(counter.rawValue, &count, 8) < 0 {}
            let job = state.withLock { state in
                state.idle -= 1
                return state.take()
            }
            job?(nil)
        }
    }
}
