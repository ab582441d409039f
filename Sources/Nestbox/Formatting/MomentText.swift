public import OCISpec

/// Moments as `--since` and `--until` take them.
public enum MomentText {
    /// Parses RFC 3339 (without an offset: UTC; the time may be left out), seconds since 1970, or a span such as `1h30m` before
    /// `now`.
    ///
    /// - Throws: `ConfigurationError`.
    public static func parse(_ text: String, option: String, now: Timestamp) throws(ConfigurationError) -> Timestamp {
        if let moment = calendar(text) ?? epoch(text) { return moment }
        if let nanoseconds = span(text) {
            let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
            var start = now.seconds - seconds
            var fraction = Int64(now.nanoseconds) - rest
            if fraction < 0 {
                start -= 1
                fraction += 1_000_000_000
            }
            if let moment = Timestamp(seconds: start, nanoseconds: UInt32(fraction)) { return moment }
        }
        throw ConfigurationError(
            option, text, "it is no time",
            accepted: "give a time like 2026-01-02T13:23:37Z, seconds since 1970, or a span like 10m or 1h30m")
    }

    private static func calendar(_ text: String) -> Timestamp? {
        for completed in [text, text + "Z", text + ":00Z", text + "T00:00:00Z"] {
            if let moment = try? Timestamp(completed) { return moment }
        }
        return nil
    }

    private static func epoch(_ text: String) -> Timestamp? {
        let parts = text.parts(UInt8(ascii: "."), maxSplits: 1)
        guard parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isASCIIDigit) }), let seconds = Int64(parts[0]) else {
            return nil
        }
        let digits = parts.count == 2 ? String((parts[1] + "000000000").prefix(9)) : "0"
        return UInt32(digits).flatMap { Timestamp(seconds: seconds, nanoseconds: $0) }
    }

    /// Go's spans: decimal numbers, each with its unit.
    static func span(_ text: String) -> Int64? {
        let units: [(String, Double)] = [
            ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12),
        ]
        var rest = Substring(text)
        var total = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCIIDigit || $0 == "." }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !$0.isASCIIDigit && $0 != "." }
            rest = rest.dropFirst(unit.count)
            guard let factor = units.first(where: { $0.0 == unit })?.1, let value = Double(number) else { return nil }
            total += value * factor
        }
        return text.isEmpty || total > 9e18 ? nil : Int64(total)
    }
}
