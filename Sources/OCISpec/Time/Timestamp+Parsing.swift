extension Timestamp {
    /// Reads an RFC 3339 text such as `2026-01-02T03:04:05.678Z` or `2026-01-02T03:04:05+01:00`.
    ///
    /// Digits of the fraction behind the ninth are dropped. A leap second (`:60`) is refused, as Go refuses it.
    ///
    /// - Throws: `InvalidTimestamp` that says what was expected where.
    public init(_ text: String) throws(InvalidTimestamp) {
        var reader = Reader(text: text, bytes: Array(text.utf8))
        let date = CivilDate(
            year: try reader.number(digits: 4, "a year"),
            month: try reader.number(after: "-", digits: 2, "a month"),
            day: try reader.number(after: "-", digits: 2, "a day"))
        guard date.exists else { throw InvalidTimestamp(text: text, reason: "there is no such day") }
        guard reader.take("T") || reader.take("t") else {
            throw reader.expected("'T'")
        }
        let hour = try reader.number(digits: 2, "an hour")
        let minute = try reader.number(after: ":", digits: 2, "a minute")
        let second = try reader.number(after: ":", digits: 2, "a second")
        guard hour < 24, minute < 60, second < 60 else {
            throw InvalidTimestamp(text: text, reason: "there is no such time of day")
        }
        let nanoseconds = try reader.fraction()
        let offset = try reader.offset()
        let seconds = date.daysSinceEpoch * 86_400 + hour * 3600 + minute * 60 + second - offset
        guard let value = Timestamp(seconds: seconds, nanoseconds: nanoseconds) else {
            throw InvalidTimestamp(text: text, reason: "it is outside the years 0 to 9999 in UTC")
        }
        self = value
    }

    /// Takes the parts of a text one after the other.
    private struct Reader {
        let text: String
        let bytes: [UInt8]
        var index = 0

        func expected(_ what: String) -> InvalidTimestamp {
            InvalidTimestamp(text: text, reason: "expected \(what) after \(index) characters")
        }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
            index += 1
            return true
        }

        private mutating func digit() -> Int64? {
            guard index < bytes.count else { return nil }
            let value = bytes[index] &- UInt8(ascii: "0")
            guard value <= 9 else { return nil }
            index += 1
            return Int64(value)
        }

        mutating func number(
            after character: Unicode.Scalar? = nil, digits: Int, _ what: String
        ) throws(InvalidTimestamp) -> Int64 {
            if let character, !take(character) { throw expected("'\(Character(character))'") }
            var value: Int64 = 0
            for _ in 0..<digits {
                guard let digit = digit() else { throw expected("\(what) in \(digits) digits") }
                value = value * 10 + digit
            }
            return value
        }

        /// The nanoseconds of the fraction; 0 when there is none.
        mutating func fraction() throws(InvalidTimestamp) -> UInt32 {
            guard take(".") else { return 0 }
            guard let first = digit() else { throw expected("a digit of the fraction") }
            var value = UInt32(first)
            var count = 1
            while let digit = digit() {
                if count < 9 {
                    value = value * 10 + UInt32(digit)
                    count += 1
                }
            }
            while count < 9 {
                value *= 10
                count += 1
            }
            return value
        }

        /// The seconds that local time is ahead of UTC, at the end of the text.
        mutating func offset() throws(InvalidTimestamp) -> Int64 {
            var seconds: Int64 = 0
            if !take("Z") && !take("z") {
                let behind = take("-")
                guard behind || take("+") else { throw expected("'Z' or an offset such as +01:00") }
                let hours = try number(digits: 2, "an hour")
                let minutes = try number(after: ":", digits: 2, "a minute")
                guard hours < 24, minutes < 60 else {
                    throw InvalidTimestamp(text: text, reason: "there is no such offset")
                }
                seconds = (hours * 3600 + minutes * 60) * (behind ? -1 : 1)
            }
            guard index == bytes.count else { throw expected("the end") }
            return seconds
        }
    }
}

/// Why a text is no RFC 3339 timestamp.
public struct InvalidTimestamp: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text.
    public let text: String
    /// What is wrong with it.
    public let reason: String

    /// One line, for example `invalid time "2026-02-30T00:00:00Z": there is no such day`.
    public var description: String { "invalid time \(JSONError.quoted(text)): \(reason)" }
}
