import OCISpec
import Testing

@testable import Nestbox

@Suite struct ReportTests {
    private let now = Timestamp(seconds: 1_000_000, nanoseconds: 5)

    @Test(
        arguments: [
            ("1970-01-01T00:00:10Z", 10, 0), ("1970-01-01T00:00:10", 10, 0), ("1970-01-01T00:01", 60, 0),
            ("1970-01-02", 86400, 0),
            ("10", 10, 0), ("10.5", 10, 500_000_000), ("10s", 999_990, 5), ("1h30m", 994_600, 5), ("1.5m", 999_910, 5),
            ("10ns", 999_999, 999_999_995), ("1970-01-01T01:00:10+01:00", 10, 0),
        ] as [(String, Int64, UInt32)])
    func moments(text: String, seconds: Int64, nanoseconds: UInt32) throws {
        let moment = try MomentText.parse(text, option: "--since", now: try #require(now))
        #expect(moment == Timestamp(seconds: seconds, nanoseconds: nanoseconds))
    }

    @Test(arguments: ["", "x", "10x", "-5", "5.", "m", "1970-13-01", "99999999999999h", "1..5s", "10m5", "1e9s"])
    func badMoments(text: String) throws {
        let now = try #require(now)
        #expect(throws: ConfigurationError.self) { try MomentText.parse(text, option: "--since", now: now) }
    }

    @Test(arguments: [
        ("busybox", "busybox", true), ("busybox", "busy*", true), ("busybox", "b?sybox", true), ("busybox", "*", true),
        ("a/b", "*", false), ("a/b", "*/*", true), ("a/b", "a?b", false), ("busybox", "busy", false), ("", "*", true),
        ("", "?", false),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "*a*a*a*a*a*a*a*c", false), ("a/bc", "*c", false), ("a/bc", "a/*c", true),
    ])
    func globs(text: String, pattern: String, expected: Bool) {
        #expect(GlobPattern.matches(text, pattern) == expected)
    }

    @Test func imageFilters() throws {
        #expect(try ImageFilter(parsing: "reference=busy*", option: "--filter") == .reference("busy*"))
        #expect(try ImageFilter(parsing: "label=a=b=c", option: "--filter") == .label("a", value: "b=c"))
        #expect(try ImageFilter(parsing: "label=a", option: "--filter") == .label("a", value: nil))
        #expect(try ImageFilter(parsing: "dangling=true", option: "--filter") == .dangling(true))
        for text in ["", "reference", "since=x", "dangling=x", "=x"] {
            #expect(throws: ConfigurationError.self, "\(text)") { try ImageFilter(parsing: text, option: "--filter") }
        }
    }
}
