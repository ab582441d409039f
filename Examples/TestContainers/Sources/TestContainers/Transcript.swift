import Synchronization

/// The lines that a container writes, for those who look back and those who wait.
final class Transcript: Sendable {
    private struct State {
        var lines: [String] = []
        var watchers: [AsyncStream<String>.Continuation] = []
        var hasEnded = false
    }

    private let state = Mutex(State())

    var lines: [String] { state.withLock { $0.lines } }

    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    func add(_ line: String) {
        state.withLock { state in
            state.lines.append(line)
            for watcher in state.watchers { watcher.yield(line) }
        }
    }

    func end() {
        state.withLock { state in
            state.hasEnded = true
            for watcher in state.watchers { watcher.finish() }
        }
    }

    /// All lines from the first on.
    func follow() -> AsyncStream<String> {
        let (stream, continuation) = AsyncStream<String>.makeStream()
        state.withLock { state in
            for line in state.lines { continuation.yield(line) }
            if state.hasEnded { continuation.finish() } else { state.watchers.append(continuation) }
        }
        return stream
    }
}
