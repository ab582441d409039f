/// What identifies content: an algorithm and the hash of the bytes, `sha256:` and 64 hexadecimal digits.
public struct Digest: Hashable, Sendable {
    /// A hash algorithm that OCI registers.
    public enum Algorithm: String, Hashable, Sendable, CaseIterable {
        /// SHA-256, the usual one.
        case sha256
        /// SHA-384, which OCI's Go library knows too.
        case sha384
        /// SHA-512.
        case sha512

        /// How many bytes a hash has.
        public var byteCount: Int {
            switch self {
            case .sha256: 32
            case .sha384: 48
            case .sha512: 64
            }
        }
    }

    /// The algorithm.
    public let algorithm: Algorithm
    /// The hash in lower-case hexadecimal digits; safe as a file name.
    public let hex: String

    /// Reads a digest such as `sha256:e3b0…`.
    ///
    /// - Throws: `InvalidDigest` for an unknown algorithm, a wrong length, and anything but lower-case digits.
    public init(_ text: String) throws(InvalidDigest) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw InvalidDigest(text: text, reason: "expected ALGORITHM:HEX") }
        guard let algorithm = Algorithm(rawValue: String(parts[0])) else {
            let names = Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
            throw InvalidDigest(text: text, reason: "the algorithm is unknown; expected one of \(names)")
        }
        guard parts[1].utf8.count == 2 * algorithm.byteCount else {
            throw InvalidDigest(
                text: text, reason: "\(algorithm.rawValue) has \(2 * algorithm.byteCount) hexadecimal digits")
        }
        guard parts[1].utf8.allSatisfy(Self.isLowerCaseHex) else {
            throw InvalidDigest(text: text, reason: "expected digits and lower-case letters a to f")
        }
        self.algorithm = algorithm
        hex = String(parts[1])
    }

    /// Makes a digest from a hash.
    ///
    /// - Throws: `InvalidDigest` when the hash has not as many bytes as the algorithm gives.
    public init(algorithm: Algorithm = .sha256, hash: some Collection<UInt8>) throws(InvalidDigest) {
        try self.init("\(algorithm.rawValue):\(Hexadecimal.text(of: hash))")
    }

    /// The first twelve hexadecimal digits, as listings show it.
    public var shortened: String { String(hex.prefix(12)) }

    private static func isLowerCaseHex(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}

extension Digest: CustomStringConvertible {
    /// The algorithm, a colon and the hexadecimal digits.
    public var description: String { "\(algorithm.rawValue):\(hex)" }
}

extension Digest: Comparable {
    /// The order of the texts.
    public static func < (left: Digest, right: Digest) -> Bool {
        (left.algorithm.rawValue, left.hex) < (right.algorithm.rawValue, right.hex)
    }
}

extension Digest: JSONCodable {
    /// Reads a string that is a digest.
    ///
    /// - Throws: `JSONError` for any other value.
    public init(json: JSONValue) throws(JSONError) {
        let text = try String(json: json)
        do throws(InvalidDigest) {
            try self.init(text)
        } catch {
            throw JSONError(error.description)
        }
    }

    /// A string.
    public var json: JSONValue { .string(description) }
}

/// Why a text is no digest.
public struct InvalidDigest: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text.
    public let text: String
    /// What is wrong with it.
    public let reason: String

    /// One line, for example `invalid digest "sha256:12": sha256 has 64 hexadecimal digits`.
    public var description: String { "invalid digest \(JSONError.quoted(text)): \(reason)" }
}
