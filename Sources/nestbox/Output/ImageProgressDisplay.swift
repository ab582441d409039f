internal import Glibc
internal import ImageStore
internal import Nestbox

/// Shows how far a load or an import has come: bars on a terminal, otherwise a line for each finished object.
final class ImageProgressDisplay {
    private enum Form {
        case bars(colored: Bool)
        case lines
        case nothing
    }

    private let form: Form
    /// What is drawn below the finished lines now, in its order.
    private var active: [ImageProgress] = []
    private var drawnLines = 0
    private var lastDrawn = 0.0

    /// - Parameter quiet: Whether nothing is shown.
    init(quiet: Bool) {
        if quiet {
            form = .nothing
        } else if Terminal.isTerminal(STDERR_FILENO), Caller.variable("TERM") != "dumb" {
            // https://no-color.org: any value that is not empty.
            form = .bars(colored: Caller.variable("NO_COLOR").map(\.isEmpty) ?? true)
        } else {
            form = .lines
        }
    }

    /// Takes a step.
    func update(_ progress: ImageProgress) {
        let isFinished = progress.phase == .exists || (progress.total.map { progress.completed >= $0 } ?? false)
        switch form {
        case .nothing: return
        case .lines:
            if isFinished { StandardError.plain(Self.finishedLine(progress)) }
        case .bars(let colored):
            if isFinished {
                active.removeAll { $0.object == progress.object }
                draw(finished: Self.finishedLine(progress), colored: colored)
            } else {
                if let place = active.firstIndex(where: { $0.object == progress.object }) {
                    active[place] = progress
                } else {
                    active.append(progress)
                }
                let now = Self.seconds()
                guard now - lastDrawn >= 0.05 else { return }
                lastDrawn = now
                draw(finished: nil, colored: colored)
            }
        }
    }

    /// Takes away what is unfinished.
    func finish() {
        guard case .bars(let colored) = form, drawnLines > 0 else { return }
        active = []
        draw(finished: nil, colored: colored)
    }

    private func draw(finished: String?, colored: Bool) {
        let columns = Int(Terminal.size?.columns ?? 80)
        var text = drawnLines > 0 ? "\u{1B}[\(drawnLines)A" : ""
        if let finished { text += "\r\u{1B}[2K\(String(finished.prefix(columns)))\n" }
        for progress in active { text += "\r\u{1B}[2K\(Self.bar(progress, columns: columns, colored: colored))\n" }
        // Lines of the last drawing that are not needed any more.
        let surplus = drawnLines - active.count - (finished == nil ? 0 : 1)
        if surplus > 0 {
            text += String(repeating: "\r\u{1B}[2K\n", count: surplus) + "\u{1B}[\(surplus)A"
        }
        drawnLines = active.count
        StandardError.write(text)
    }

    /// The first 12 digits of the digest in `sha256:DIGEST`, `blobs/sha256/DIGEST` or `DIGEST/layer.tar`; other names as they
    /// are, safe to print.
    static func name(_ object: String) -> String {
        for part in object.split(whereSeparator: { $0 == ":" || $0 == "/" || $0 == "." })
        where part.utf8.count == 64 && part.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) {
            return String(part.prefix(12))
        }
        return HumanText.printable(object)
    }

    static func finishedLine(_ progress: ImageProgress) -> String {
        switch progress.phase {
        case .exists: "\(name(progress.object)): already there"
        case .unpacking: "\(name(progress.object)): unpacked (\(HumanText.size(progress.completed)))"
        case .flushing: "written to the disk"
        }
    }

    static func bar(_ progress: ImageProgress, columns: Int, colored: Bool) -> String {
        guard progress.phase == .unpacking else { return String("Writing to the disk".prefix(columns)) }
        let done = HumanText.size(progress.completed)
        guard let total = progress.total, total > 0 else {
            return String("\(name(progress.object)): unpacking \(done)".prefix(columns))
        }
        let head = "\(name(progress.object)): unpacking "
        let tail = " \(done)/\(HumanText.size(total))"
        let width = min(40, columns - head.count - tail.count - 3)
        guard width >= 5 else { return String((head + tail).prefix(columns)) }
        let filled = Int(Double(width) * min(1, Double(progress.completed) / Double(total)))
        let bar = String(repeating: "=", count: filled) + (filled < width ? ">" : "")
        let field = bar + String(repeating: " ", count: max(0, width - bar.count))
        return head + "[" + (colored ? "\u{1B}[32m\(field)\u{1B}[0m" : field) + "]" + tail
    }

    private static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
