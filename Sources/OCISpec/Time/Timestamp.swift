/// An instant in UTC with nanoseconds, from the year 0 to the year 9999, as RFC 3339 writes it.
public struct Timestamp: Hashable, Sendable {
    /// Whole seconds since 1970-01-01T00:00:00Z, without leap seconds.
    public let seconds: Int64
    /// Nanoseconds after that, below one thousand million.
    public let nanoseconds: UInt32

    /// 0000-01-01T00:00:00Z.
    private static let earliest: Int64 = -62_167_219_200
    /// 9999-12-31T23:59:59Z.
    private static let latest: Int64 = 253_402_300_799

    /// The instant so long after 1970-01-01T00:00:00Z; nil when RFC 3339 cannot write it.
    public init?(seconds: Int64, nanoseconds: UInt32 = 0) {
        guard (Self.earliest...Self.latest).contains(seconds), nanoseconds < 1_000_000_000 else { return nil }
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// 1970-01-01T00:00:00Z.
    public static let unixEpoch = Timestamp(known: 0)

    private init(known seconds: Int64) {
        self.seconds = seconds
        nanoseconds = 0
    }
}

extension Timestamp: Comparable {
    /// Whether one instant is before another.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}

extension Timestamp: CustomStringConvertible {
    /// The RFC 3339 form in UTC, without trailing zeros of the fraction: `2026-01-02T03:04:05.6Z`.
    public var description: String { text(allDigits: false) }

    /// The RFC 3339 form with all nine digits of the fraction, so that texts sort as the instants do.
    public var fixedWidth: String { text(allDigits: true) }

    private func text(allDigits: Bool) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(30)
        append(to: &bytes, allDigits: allDigits)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the RFC 3339 form to bytes, for writers of many lines; see `description` and `fixedWidth`.
    public func append(to bytes: inout [UInt8], allDigits: Bool = false) {
        let secondsOfDay = seconds.modulo(86_400)
        let date = CivilDate(daysSinceEpoch: (seconds - secondsOfDay) / 86_400)
        bytes.append(decimal: date.year, digits: 4)
        bytes.append(UInt8(ascii: "-"))
        bytes.append(decimal: date.month, digits: 2)
        bytes.append(UInt8(ascii: "-"))
        bytes.append(decimal: date.day, digits: 2)
        bytes.append(UInt8(ascii: "T"))
        bytes.append(decimal: secondsOfDay / 3600, digits: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(decimal: secondsOfDay / 60 % 60, digits: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(decimal: secondsOfDay % 60, digits: 2)
        if allDigits || nanoseconds > 0 {
            bytes.append(UInt8(ascii: "."))
            bytes.append(decimal: Int64(nanoseconds), digits: 9)
            while !allDigits, bytes.last == UInt8(ascii: "0") {
                bytes.removeLast()
            }
        }
        bytes.append(UInt8(ascii: "Z"))
    }
}

extension [UInt8] {
    /// Appends a number in that many decimal digits.
    fileprivate mutating func append(decimal value: Int64, digits: Int) {
        var divisor: Int64 = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}

extension Timestamp: JSONCodable {
    /// Reads a string in RFC 3339 form.
    ///
    /// - Throws: `JSONError` for any other value.
    public init(json: JSONValue) throws(JSONError) {
        let text = try String(json: json)
        do throws(InvalidTimestamp) {
            try self.init(text)
        } catch {
            throw JSONError(error.description)
        }
    }

    /// A string in RFC 3339 form.
    public var json: JSONValue { .string(description) }
}
