internal import Glibc
internal import LinuxSystem

/// Threads of the engine's own, beside those that run tasks.
enum EngineThread {
    /// What a new thread is to run, as an object that a C pointer can carry.
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Starts a thread that nobody waits for.
    ///
    /// It takes no signal: those are the program's business.
    ///
    /// - Throws: `SystemError` when the thread cannot be made.
    static func start(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        // A thread begins with its maker's mask.
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let start = Unmanaged.passRetained(Body(body))
        var number = pthread_t()
        let code = pthread_create(
            &number, nil,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw SystemError("start", "a thread", Errno(code))
        }
        pthread_detach(number)
    }
}
