internal import OCISpec

/// Sizes and times as Docker writes them for people.
public enum HumanText {
    /// A size with three significant digits and decimal units: `0B`, `4.27MB`, `1.2GB`.
    public static func size(_ bytes: Int64) -> String {
        let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
        var scale: UInt64 = 1
        var unit = 0
        let magnitude = bytes.magnitude
        while unit + 1 < units.count, magnitude >= scale * 1000 {
            scale *= 1000
            unit += 1
        }
        // The digits after the point that three significant digits leave.
        let whole = magnitude / scale
        let places: UInt64 = unit == 0 || whole >= 100 ? 1 : (whole >= 10 ? 10 : 100)
        let step = scale / places
        var rounded = step == 0 ? magnitude : (magnitude + step / 2) / step
        var text = String(rounded / places)
        if rounded >= 1000 * places, unit + 1 < units.count {
            text = "1"
            rounded = 0
            unit += 1
        }
        var fraction = String(rounded % places + places).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return (bytes < 0 ? "-" : "") + text + (fraction.isEmpty ? "" : "." + fraction) + units[unit]
    }

    /// How long something took or is ago: `Less than a second`, `5 seconds`, `About an hour`, `3 weeks`.
    public static func duration(seconds: Int64) -> String {
        let minutes = seconds / 60
        let hours = (seconds + 1800) / 3600
        switch seconds {
        case ..<1: return "Less than a second"
        case 1: return "1 second"
        case ..<60: return "\(seconds) seconds"
        default: break
        }
        if minutes == 1 { return "About a minute" }
        if minutes < 60 { return "\(minutes) minutes" }
        if hours == 1 { return "About an hour" }
        if hours < 48 { return "\(hours) hours" }
        if hours < 24 * 7 * 2 { return "\(hours / 24) days" }
        if hours < 24 * 30 * 2 { return "\(hours / 24 / 7) weeks" }
        if hours < 24 * 365 * 2 { return "\(hours / 24 / 30) months" }
        return "\(hours / 24 / 365) years"
    }

    /// A moment as Docker's lists show it: `2026-11-25 09:09:17 +0000 UTC`.
    static func moment(_ time: Timestamp) -> String {
        let text = time.fixedWidth
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8)) +0000 UTC"
    }

    /// A number as Go's `%v` writes it: without `.0`.
    static func shortest(_ value: Double) -> String {
        let text = value.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// `text` on one line, with everything that a terminal would obey written as an escape.
    public static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            result += isControl(scalar) ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return result
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value)
    }

    /// `text` in double quotes, at most `limit` characters of it, the last an ellipsis when it was longer.
    public static func quoted(_ text: String, limit: Int? = nil) -> String {
        var shown = text
        if let limit, text.count > limit { shown = String(text.prefix(limit - 1)) + "…" }
        return "\"" + printable(shown) + "\""
    }
}
