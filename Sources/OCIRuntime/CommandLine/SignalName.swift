internal import LinuxSystem
internal import OCISpec

/// Signals by number or name.
enum SignalName {
    private static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM",
        "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH",
        "IO",
        "PWR", "SYS",
    ]

    /// The number of `9`, `KILL`, `SIGKILL` or `RTMIN+3`.
    ///
    /// - Throws: `LaunchError` for any other text.
    static func number(_ text: String) throws(LaunchError) -> Int32 {
        if let number = Int32(text), (1...64).contains(number) { return number }
        var name = text.uppercased()
        name = name.dropping(prefix: "SIG") ?? name
        if let place = names.firstIndex(of: name) { return Int32(place) + 1 }
        switch name {
        case "IOT": return 6
        case "CLD": return 17
        case "POLL": return 29
        case "RTMIN": return 34
        case "RTMAX": return 64
        default: break
        }
        let more = name.dropping(prefix: "RTMIN+").flatMap { Int32($0) }
        if let more, (0...30).contains(more) { return 34 + more }
        let less = name.dropping(prefix: "RTMAX-").flatMap { Int32($0) }
        if let less, (0...30).contains(less) { return 64 - less }
        throw LaunchError("unknown signal \"\(text)\"")
    }
}
