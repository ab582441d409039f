internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// Commands that take several names.
enum Each {
    /// Does something for every name; one that fails is told of at once and does not keep the others from their turn.
    ///
    /// - Returns: 0, or 1 when any failed.
    /// - Throws: `SystemError` when nobody reads standard output any more.
    static func of(_ names: [String], _ body: (String) throws -> Void) throws -> Int32 {
        var code: Int32 = 0
        for name in names {
            do {
                try body(name)
            } catch let error as SystemError where error.errno == .brokenPipe {
                throw error
            } catch {
                _ = CommandEntry.report(error, failureCode: 1)
                code = 1
            }
        }
        return code
    }

    /// As ``of(_:_:)``, but for all names at the same time, a thread each: for what waits.
    static func atOnce(_ names: [String], _ body: @escaping @Sendable (String) throws -> Void) throws -> Int32 {
        guard names.count > 1 else { return try of(names, body) }
        let jobs = names.map { Job(name: $0, body: body) }
        var threads: [pthread_t] = []
        for job in jobs {
            var thread = pthread_t()
            let pointer = Unmanaged.passRetained(job).toOpaque()
            let result = pthread_create(&thread, nil, runJob, pointer)
            if result == 0 {
                threads.append(thread)
            } else {
                // No more threads: its turn is now.
                _ = runJob(pointer)
            }
        }
        for thread in threads { pthread_join(thread, nil) }
        return jobs.contains { $0.failed.withLock(\.self) } ? 1 : 0
    }

    /// One name's work.
    private final class Job: Sendable {
        let failed = Mutex(false)
        private let name: String
        private let body: @Sendable (String) throws -> Void

        init(name: String, body: @escaping @Sendable (String) throws -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            do {
                try body(name)
            } catch {
                _ = CommandEntry.report(error, failureCode: 1)
                failed.withLock { $0 = true }
            }
        }
    }

    private static let runJob: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { pointer in
        if let pointer { Unmanaged<Job>.fromOpaque(pointer).takeRetainedValue().run() }
        return nil
    }
}
