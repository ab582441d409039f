// To the kernel a name is bytes. A Swift Character may be a slash with an accent on it, which neither begins with a slash nor is one.
// Inlinable, to be made for the type at hand: as they stand they would look every operation up at run time.

extension StringProtocol {
    /// Whether its bytes begin with those of `prefix`.
    @inlinable
    public func begins(with prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }

    /// Whether its bytes end with those of `suffix`.
    @inlinable
    public func ends(with suffix: String) -> Bool { utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) }

    /// What is behind the bytes of `prefix`; nil when it does not begin with them.
    @inlinable
    public func dropping(prefix: String) -> String? {
        guard begins(with: prefix) else { return nil }
        return String(decoding: utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    }

    /// The parts between the bytes `separator`, empty ones included unless they are left out; at most `maxSplits` cuts.
    @inlinable
    public func parts(_ separator: UInt8, maxSplits: Int = .max, omittingEmpty: Bool = false) -> [String] {
        utf8.split(separator: separator, maxSplits: maxSplits, omittingEmptySubsequences: omittingEmpty)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// The names between its slashes.
    @inlinable
    public var pathComponents: [String] { parts(UInt8(ascii: "/"), omittingEmpty: true) }

    /// The same without `.`; each `..` goes with the name before it, and stays at the top.
    @inlinable
    public var cleanedComponents: [String] {
        var names: [String] = []
        for name in pathComponents where name != "." {
            if name != ".." { names.append(name) } else { _ = names.popLast() }
        }
        return names
    }

    /// Whether there is a slash in it.
    @inlinable
    public var hasSlash: Bool { utf8.contains(UInt8(ascii: "/")) }
}
