import OCISpec
import Testing

@Suite struct TimestampTests {
    static let golden: [(String, seconds: Int64, nanoseconds: UInt32)] = [
        ("1970-01-01T00:00:00Z", 0, 0), ("1969-12-31T23:59:59.5Z", -1, 500_000_000),
        ("2000-02-29T12:00:00Z", 951_825_600, 0), ("2000-03-01T00:00:00Z", 951_868_800, 0),
        ("2024-02-29T23:59:59.999999999Z", 1_709_251_199, 999_999_999), ("1900-03-01T00:00:00Z", -2_203_891_200, 0),
        ("2038-01-19T03:14:08Z", 2_147_483_648, 0), ("2100-02-28T00:00:00Z", 4_107_456_000, 0),
        ("0001-01-01T00:00:00Z", -62_135_596_800, 0), ("0000-01-01T00:00:00Z", -62_167_219_200, 0),
        ("0000-02-29T00:00:00.000000001Z", -62_162_121_600, 1), ("9999-12-31T23:59:59Z", 253_402_300_799, 0),
        ("2026-11-25T02:31:36.12Z", 1_795_573_896, 120_000_000),
    ]

    @Test(arguments: golden)
    func isWrittenAndRead(text: String, seconds: Int64, nanoseconds: UInt32) throws {
        let timestamp = try #require(Timestamp(seconds: seconds, nanoseconds: nanoseconds))
        #expect(timestamp.description == text)
        #expect(try Timestamp(text) == timestamp)
        #expect(try Timestamp(timestamp.fixedWidth) == timestamp)
        #expect(timestamp.fixedWidth.utf8.count == 30)
    }

    @Test(arguments: [
        ("2026-01-01T00:00:00+01:00", "2025-12-31T23:00:00Z"), ("2026-01-01T00:00:00-00:30", "2026-01-01T00:30:00Z"),
        ("2026-01-01t00:00:00z", "2026-01-01T00:00:00Z"), ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00.1234567899Z", "2026-01-01T00:00:00.123456789Z"),
        ("2024-02-29T00:00:00+23:59", "2024-02-28T00:01:00Z"), ("2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00Z"),
        ("0000-01-01T00:00:00-01:00", "0000-01-01T01:00:00Z"),
    ])
    func understandsOtherForms(text: String, utc: String) throws {
        #expect(try Timestamp(text).description == utc)
    }

    @Test func allDigitsSort() throws {
        let timestamp = try #require(Timestamp(seconds: 1, nanoseconds: 20))
        #expect(timestamp.fixedWidth == "1970-01-01T00:00:01.000000020Z")
        #expect(Timestamp.unixEpoch.fixedWidth == "1970-01-01T00:00:00.000000000Z")
        #expect(Timestamp.unixEpoch < timestamp)
    }

    @Test(arguments: [
        "", "2026", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-1-01T00:00:00Z",
        "2026-01-01T00:00Z", "26-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "-2026-01-01T00:00:00Z",
        "+2026-01-01T00:00:00Z", "12026-01-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z", "2024-02-30T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T23:59:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00,5Z",
        "2026-01-01T00:00:00.5", "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01:60",
        "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z\n",
        "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "２026-01-01T00:00:00Z",
        "2026-01-01T00:00:0\u{660}Z",
    ])
    func refuses(text: String) {
        #expect(throws: InvalidTimestamp.self) { try Timestamp(text) }
    }

    @Test func staysInsideTheYears() {
        #expect(Timestamp(seconds: 253_402_300_800) == nil)
        #expect(Timestamp(seconds: -62_167_219_201) == nil)
        #expect(Timestamp(seconds: .max) == nil)
        #expect(Timestamp(seconds: .min) == nil)
        #expect(Timestamp(seconds: 0, nanoseconds: 1_000_000_000) == nil)
    }

    /// Every day of four centuries, one after the other: no other arithmetic is needed to know what comes next.
    @Test func everyDayFollowsTheOneBefore() throws {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var (year, month, day) = (1970, 1, 1)
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        for count in 0..<Int64(146_097) {
            let timestamp = try #require(Timestamp(seconds: count * 86_400))
            let text = "\(year)-\(padded(month))-\(padded(day))T00:00:00Z"
            if timestamp.description != text { Issue.record("\(timestamp) is not \(text)") }
            if count % 97 == 0 { #expect(try Timestamp(text) == timestamp) }
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            day += 1
            if day > lengths[month - 1] + (leap && month == 2 ? 1 : 0) { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
        #expect(year == 2370)
    }

    @Test func anyInstantIsReadAgain() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let seconds = Int64.random(in: -62_167_219_200...253_402_300_799, using: &generator)
            let nanoseconds = UInt32.random(in: 0..<1_000_000_000, using: &generator)
            let timestamp = try #require(Timestamp(seconds: seconds, nanoseconds: nanoseconds))
            #expect(try Timestamp(timestamp.description) == timestamp)
        }
    }
}
