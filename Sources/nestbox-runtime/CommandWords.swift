internal import CSealedStart
internal import LinuxSystem

/// The words of this program's command line.
enum CommandWords {
    /// As `CommandLine.arguments`, which is in a part of the standard library that a start uses nothing else of: 64 KiB of memory.
    static func all() -> [String] {
        var count: Int32 = 0
        guard let words = nb_command_line(&count) else { return [] }
        return (0..<Int(count)).compactMap { words[$0].map { String(cText: $0) } }
    }
}
