/// An absolute `http` or `https` address, in its parts.
///
/// One with a user's name in it, with a space or with a control character is refused: it would not mean the same to all who
/// read it.
public struct HTTPAddress: Hashable, Sendable {
    /// Whether TLS protects it.
    public let isSecure: Bool
    /// A name, an IPv4 address, or an IPv6 address in brackets; in small letters.
    public let host: String
    /// The port, also where the address leaves it out.
    public let port: UInt16
    /// Path and query; begins with a slash.
    public var path: String

    /// Makes an address from its parts.
    public init(isSecure: Bool, host: String, port: UInt16, path: String = "/") {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.path = path
    }

    /// Reads an address; nil when it is none.
    public init?(_ text: String) {
        let lower = text.prefix(8).lowercased()
        guard lower.hasPrefix("https://") || lower.hasPrefix("http://") else { return nil }
        isSecure = lower == "https://"
        let rest = text.dropFirst(isSecure ? 8 : 7)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        guard let (host, port) = Self.authority(rest[..<end]) else { return nil }
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
        let path = rest[end...].prefix { $0 != "#" }
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        self.path = path.hasPrefix("/") ? String(path) : "/\(path)"
    }

    /// Splits `HOST`, `HOST:PORT` or `[ADDRESS]:PORT`; nil when it is none of them.
    public static func authority(_ text: some StringProtocol) -> (host: String, port: UInt16?)? {
        let text = String(text)
        var host = text[...]
        var port: UInt16?
        let afterBracket = text.lastIndex(of: "]").map(text.index(after:)) ?? text.startIndex
        if let colon = text[afterBracket...].lastIndex(of: ":") {
            guard let number = UInt16(text[text.index(after: colon)...]), number > 0 else { return nil }
            port = number
            host = text[..<colon]
        }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        guard !host.isEmpty,
            host.utf8.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                case UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"): isBracketed
                default: false
                }
            })
        else { return nil }
        return (host.lowercased(), port)
    }

    /// What a `Location` or `Link` header that came from here means; nil when it is no address.
    public func resolving(_ reference: String) -> HTTPAddress? {
        let lower = reference.prefix(8).lowercased()
        if lower.hasPrefix("http://") || lower.hasPrefix("https://") { return HTTPAddress(reference) }
        if reference.hasPrefix("//") { return HTTPAddress((isSecure ? "https:" : "http:") + reference) }
        guard reference.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        var result = self
        let reference = String(reference.prefix { $0 != "#" })
        if reference.hasPrefix("/") {
            result.path = reference
        } else if reference.hasPrefix("?") {
            result.path = path.prefix { $0 != "?" } + reference
        } else {
            let folder = path.prefix { $0 != "?" }
            result.path = folder[...(folder.lastIndex(of: "/") ?? folder.startIndex)] + reference
        }
        return result
    }

    /// The same place with further members of its query; names and values are escaped.
    public func adding(query: [(name: String, value: String)]) -> HTTPAddress {
        guard !query.isEmpty else { return self }
        var result = self
        result.path += path.contains("?") ? "&" : "?"
        result.path += query.map { "\(Self.escaped($0.name))=\(Self.escaped($0.value))" }.joined(separator: "&")
        return result
    }

    /// Text with everything but letters, digits and `-._~` escaped.
    public static func escaped(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.utf8.count < 2 ? "0" : "") + digits
            }
        }
    }

    /// Text with its escapes replaced; nil when one is broken, or when it is no UTF-8 then.
    public static func unescaped(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            rest = rest.dropFirst(2)
            guard digits.count == 2, digits.allSatisfy({ "0123456789abcdefABCDEF".utf8.contains($0) }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Whether what one place may be told, the other may be told, too.
    public func hasSameOrigin(as other: HTTPAddress) -> Bool {
        isSecure == other.isSecure && host == other.host && port == other.port
    }

    /// The host, and the port unless it goes without saying.
    public var authority: String { port == (isSecure ? 443 : 80) ? host : "\(host):\(port)" }
}

extension HTTPAddress: CustomStringConvertible {
    /// The whole address.
    public var description: String { "\(isSecure ? "https" : "http")://\(authority)\(path)" }
}
