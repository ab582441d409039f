internal import Glibc
internal import Synchronization

/// Threads of the process's own that compute all the time, which has nothing to do with containers.
enum BusyThreads {
    private static let steps = Atomic<UInt64>(0)

    static func start(_ number: Int) {
        for _ in 0..<number {
            var thread = pthread_t()
            pthread_create(&thread, nil, { _ in BusyThreads.compute() }, nil)
        }
    }

    private static func compute() -> UnsafeMutableRawPointer? {
        while true { steps.add(1, ordering: .relaxed) }
    }
}
