/// A part of some content, as a `Range` header asks for it (RFC 9110): one range of bytes.
public enum ByteRange: Hashable, Sendable {
    /// From the first number to the second one, with it; to the end where there is none.
    case from(Int64, to: Int64?)
    /// The last bytes.
    case last(Int64)

    /// Reads `bytes=5-9`, `bytes=5-` or `bytes=-5`; nil for anything else, which is to be ignored.
    public init?(_ field: String) {
        guard field.lowercased().hasPrefix("bytes=") else { return nil }
        let ends = field.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else { return nil }
        if let first = Int64(ends[0]) {
            let last = Int64(ends[1])
            guard ends[1].isEmpty || last.map({ $0 >= first }) == true else { return nil }
            self = .from(first, to: last)
        } else if ends[0].isEmpty, let count = Int64(ends[1]) {
            self = .last(count)
        } else {
            return nil
        }
    }

    /// The bytes of content of that size; nil where there are none.
    public func within(_ size: Int64) -> Range<Int64>? {
        switch self {
        case .from(let first, let last):
            first < size ? first..<min(last ?? size - 1, size - 1) + 1 : nil
        case .last(let count):
            count > 0 && size > 0 ? max(0, size - count)..<size : nil
        }
    }
}

/// Which bytes of an upload a request brings (OCI distribution-spec, "Pushing a blob in chunks"): `0-99`.
public struct UploadRange: Hashable, Sendable {
    /// The place of the first byte.
    public var first: Int64
    /// The place of the last byte.
    public var last: Int64

    /// Reads a `Content-Range` header; nil when it is none.
    public init?(_ field: String) {
        let text = field.lowercased().hasPrefix("bytes ") ? field.dropFirst(6).prefix { $0 != "/" } : field[...]
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int64(ends[0]), let last = Int64(ends[1]), first >= 0, last >= first,
            // Else it has more bytes than there are numbers.
            last < Int64.max
        else { return nil }
        self.first = first
        self.last = last
    }

    /// How many bytes these are.
    public var count: Int64 { last - first + 1 }
}
