internal import Glibc
internal import Nestbox
internal import OCISpec
internal import NestboxRegistry
internal import Synchronization

/// Shows each layer as Docker does: a line with a bar on a terminal, otherwise a line for what has begun and what has ended.
final class ProgressDisplay: Sendable {
    /// Which way layers go.
    enum Direction: Sendable {
        case pull, push
    }

    private struct State {
        var layers: [Digest] = []
        var texts: [Digest: String] = [:]
        var lastDrawn: [Digest: Double] = [:]
    }

    private let output: Output
    private let direction: Direction
    private let isQuiet: Bool
    private let isTerminal: Bool
    private let state = Mutex(State())

    init(_ output: Output, _ direction: Direction, isQuiet: Bool) {
        self.output = output
        self.direction = direction
        self.isQuiet = isQuiet
        let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
        isTerminal = isatty(output.descriptor) == 1 && !isDumb
    }

    /// Takes a step, from any thread.
    func update(_ progress: TransferProgress) {
        guard !isQuiet else { return }
        state.withLock { state in
            if isTerminal { draw(progress, &state) } else { print(progress, &state) }
        }
    }

    private func print(_ progress: TransferProgress, _ state: inout State) {
        if case .transferring = progress.phase { return }
        let text = text(progress)
        guard state.texts[progress.layer] != text else { return }
        state.texts[progress.layer] = text
        try? output.line("\(progress.layer.shortened): \(text)")
    }

    private func draw(_ progress: TransferProgress, _ state: inout State) {
        let size = Self.terminalSize(output.descriptor)
        guard let place = state.layers.firstIndex(of: progress.layer) else {
            state.layers.append(progress.layer)
            try? output.line(line(progress, columns: size.columns))
            return
        }
        let now = Self.seconds()
        if case .transferring = progress.phase {
            if let last = state.lastDrawn[progress.layer], now - last < 0.1 { return }
        }
        state.lastDrawn[progress.layer] = now
        // A line that was scrolled out of sight cannot be reached any more.
        let distance = state.layers.count - place
        guard distance < size.rows else { return }
        try? output.write(
            "\u{1B}[\(distance)A\r\u{1B}[2K\(line(progress, columns: size.columns))\u{1B}[\(distance)B\r")
    }

    private func line(_ progress: TransferProgress, columns: Int) -> String {
        let head = "\(progress.layer.shortened): \(text(progress))"
        guard case .transferring(let done) = progress.phase, progress.size > 0 else {
            return String(head.prefix(columns))
        }
        let tail = " \(HumanText.size(done))/\(HumanText.size(progress.size))"
        let width = min(50, columns - head.count - tail.count - 4)
        guard width >= 5 else { return String((head + tail).prefix(columns)) }
        let filled = Int(Double(width) * min(1, Double(done) / Double(progress.size)))
        let bar = String(repeating: "=", count: filled) + (filled < width ? ">" : "")
        return "\(head) [\(bar)\(String(repeating: " ", count: max(0, width - bar.count)))]\(tail)"
    }

    private func text(_ progress: TransferProgress) -> String {
        switch (progress.phase, direction) {
        case (.waiting, .pull): "Pulling fs layer"
        case (.waiting, .push): "Preparing"
        case (.exists, .pull): "Already exists"
        case (.exists, .push): "Layer already exists"
        case (.mounted(let source), _): "Mounted from \(HumanText.printable(source))"
        case (.transferring, .pull): "Downloading"
        case (.transferring, .push): "Pushing"
        case (.interrupted, _): "Connection lost, trying again"
        case (.complete, .pull): "Pull complete"
        case (.complete, .push): "Pushed"
        }
    }

    private static func terminalSize(_ descriptor: Int32) -> (rows: Int, columns: Int) {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (24, 80) }
        return (Int(size.ws_row), Int(size.ws_col))
    }

    private static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
