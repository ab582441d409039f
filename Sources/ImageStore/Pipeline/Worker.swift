internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// One thread with a result.
///
/// ``join()`` must be called exactly once, after whatever makes the body end.
final class Worker<Value: Sendable>: Sendable {
    private let outcome = Mutex<Result<Value, any Error>?>(nil)
    private let thread: Mutex<pthread_t?>

    /// Starts a thread that runs `body`.
    ///
    /// - Throws: `SystemError` when the thread cannot be made.
    init(_ body: @escaping @Sendable () throws -> Value) throws(SystemError) {
        thread = Mutex(nil)
        let start = Unmanaged.passRetained(
            ThreadStart { [outcome = Reference(self)] in
                let result = Result { try body() }
                outcome.value.outcome.withLock { $0 = result }
            })
        var number = pthread_t()
        let code = pthread_create(
            &number, nil,
            { argument in
                if let argument { Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw SystemError("start", "a worker thread", Errno(code))
        }
        thread.withLock { $0 = number }
    }

    /// Waits for the thread to end.
    ///
    /// - Throws: what the body threw.
    func join() throws -> Value {
        guard let number = thread.withLock({ $0.take() }) else { throw ChunkRing.Cancelled() }
        pthread_join(number, nil)
        guard let result = outcome.withLock({ $0.take() }) else { throw ChunkRing.Cancelled() }
        return try result.get()
    }
}

/// What a new thread is to run, as an object that a C pointer can carry.
private final class ThreadStart: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
    }
}

/// Keeps a worker alive as long as its thread runs.
private struct Reference<Object: AnyObject & Sendable>: Sendable {
    let value: Object

    init(_ value: Object) {
        self.value = value
    }
}
