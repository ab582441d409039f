internal import Glibc

/// Major and minor number of a kernel release, for example 6.12.
public struct KernelVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The number before the first dot.
    public let major: Int
    /// The number after the first dot.
    public let minor: Int

    /// The version of those numbers.
    public init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads the start of a release such as `6.12.9-amd64`; nil when it does not begin with two numbers.
    public init?(_ release: String) {
        let parts = release.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).prefix(2)
        guard parts.count == 2, let major = Self.leadingNumber(parts[0], whole: true),
            let minor = Self.leadingNumber(parts[1], whole: false)
        else { return nil }
        self.init(major, minor)
    }

    /// The running kernel's (uname(2)).
    public static func running() -> KernelVersion {
        var name = utsname()
        uname(&name)
        let release = withUnsafeBytes(of: name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        // Every kernel's release begins with two numbers; an edited one counts as the oldest that Nestbox runs on.
        return KernelVersion(release) ?? KernelVersion(5, 6)
    }

    /// Orders by major, then minor number.
    public static func < (left: KernelVersion, right: KernelVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    /// Both numbers with a dot between them.
    public var description: String { "\(major).\(minor)" }

    private static func leadingNumber(_ text: Substring.UTF8View.SubSequence, whole: Bool) -> Int? {
        let digits = text.prefix { 48...57 ~= $0 }
        guard !whole || digits.count == text.count else { return nil }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}
