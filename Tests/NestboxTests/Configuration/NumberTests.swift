import Testing

@testable import Nestbox

@Suite struct NumberTests {
    @Test(arguments: [
        ("0", 0), ("1024", 1024), ("1b", 1), ("512k", 524_288), ("512K", 524_288), ("64m", 67_108_864),
        ("64MiB", 67_108_864), ("64 mb", 67_108_864), ("1g", 1_073_741_824), ("1.5g", 1_610_612_736), ("0.5k", 512),
        ("1t", 1 << 40), ("1p", 1 << 50), ("2.k", 2048), ("9223372036854775807", Int64.max),
    ])
    func bytes(text: String, expected: Int64) throws {
        #expect(try OptionNumber.bytes(text, option: "--memory") == expected)
    }

    @Test(arguments: [
        "", "m", "-1", "-5m", "1q", "1kk", "1mbb", "1ibm", "1 2m", "1..5m", ".5m", "0x10", "1e3x", "1e3",
        "9223372036854775808",
        "8589934592g", "9999999999999999999999g", "١m", "1\u{301}m", "m1", " 1m", "1m ", "1  m", "+1m", "1,5m", "K",
    ])
    func badBytes(text: String) {
        #expect(throws: ConfigurationError.self) { try OptionNumber.bytes(text, option: "--memory") }
    }

    @Test func errorsNameOptionValueReasonAndRemedy() {
        let error = #expect(throws: ConfigurationError.self) { try OptionNumber.bytes("12q", option: "--memory") }
        #expect(
            error?.description
                == "invalid value \"12q\" for --memory: unknown unit \"q\"; give bytes, or a number with b, k, m or g, like 512m"
        )
        let hostile = ConfigurationError("--x", "a\n\u{1B}[31m\"", "no")
        #expect(hostile.description == "invalid value \"a\\n\\x1b[31m\\\"\" for --x: no")
    }

    @Test(arguments: [
        ("1", 1_000_000_000), ("1.5", 1_500_000_000), (".5", 500_000_000), ("2.", 2_000_000_000), ("0.01", 10_000_000),
        ("0.250000000000", 250_000_000), ("0.123456789", 123_456_789),
    ])
    func nanoCPUs(text: String, expected: Int64) throws {
        #expect(try OptionNumber.nanoCPUs(text, option: "--cpus") == expected)
    }

    @Test func noProcessorsIsNoLimit() throws {
        #expect(try OptionNumber.nanoCPUs("0", option: "--cpus") == nil)
        #expect(try OptionNumber.nanoCPUs("0.0", option: "--cpus") == nil)
    }

    @Test(arguments: [
        "", ".", "-1", "1.2.3", "0.009", "0.1234567891", "1e1", "abc", "99999999999999999999", "1/2", "1 ",
    ])
    func badNanoCPUs(text: String) {
        #expect(throws: ConfigurationError.self) { try OptionNumber.nanoCPUs(text, option: "--cpus") }
    }

    @Test func integers() throws {
        #expect(try OptionNumber.integer("-1", option: "-t", in: -1...Int.max) == -1)
        for text in ["", "-", "--1", "+1", "1.0", "99999999999999999999", "-2", "x", " 1"] {
            #expect(throws: ConfigurationError.self) { try OptionNumber.integer(text, option: "-t", in: -1...Int.max) }
        }
    }

    @Test func lists() throws {
        for text in ["0", "0-2", "0,1,5-7", "3-3"] {
            #expect(try OptionNumber.list(text, option: "--cpuset-cpus") == text)
        }
        for text in ["", ",", "0,", "2-1", "0-", "-1", "a", "0 1", "0-1-2", "99999"] {
            #expect(throws: ConfigurationError.self) { try OptionNumber.list(text, option: "--cpuset-cpus") }
        }
    }

    @Test(arguments: [
        ("9", 9), ("KILL", 9), ("SIGKILL", 9), ("sigterm", 15), ("term", 15), ("SIGRTMIN+3", 37), ("RTMAX-1", 63),
        ("RTMIN", 34),
        ("64", 64), ("SIGPOLL", 29), ("WINCH", 28),
    ])
    func signals(text: String, expected: Int32) throws {
        #expect(try SignalName.number(text, option: "--stop-signal") == expected)
    }

    @Test(arguments: [
        "", "0", "65", "-1", "SIG", "SIGSIGTERM", "TERM ", "RTMIN-1", "RTMIN+31", "RTMAX+1", "RTMIN+", "1.5", "NOPE",
    ])
    func badSignals(text: String) {
        #expect(throws: ConfigurationError.self) { try SignalName.number(text, option: "--stop-signal") }
    }

    @Test func signalNames() {
        #expect(SignalName.name(of: 15) == "SIGTERM")
        #expect(SignalName.name(of: 31) == "SIGSYS")
        #expect(SignalName.name(of: 34) == "SIGRTMIN")
        #expect(SignalName.name(of: 37) == "SIGRTMIN+3")
        for number: Int32 in 1...64 where number != 32 && number != 33 {
            #expect(SignalName.number(SignalName.name(of: number)) == number)
        }
    }
}
