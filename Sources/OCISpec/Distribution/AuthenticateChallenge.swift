/// One way in which a server wants a client to say who it is (RFC 9110, `WWW-Authenticate`).
public struct AuthenticateChallenge: Hashable, Sendable {
    /// The scheme in small letters: `basic`, `bearer`.
    public let scheme: String
    /// The parameters by their names in small letters.
    public let parameters: [String: String]

    /// Makes the value from its parts.
    public init(scheme: String, parameters: [String: String]) {
        self.scheme = scheme
        self.parameters = parameters
    }

    /// Reads the challenges of one header field; what follows a fault is passed over.
    public static func parse(_ field: String) -> [AuthenticateChallenge] {
        var parser = Parser(rest: Array(field.utf8.prefix(16 << 10))[...])
        return parser.challenges()
    }

    private struct Parser {
        var rest: ArraySlice<UInt8>

        mutating func challenges() -> [AuthenticateChallenge] {
            var result: [AuthenticateChallenge] = []
            skip(spacesAnd: UInt8(ascii: ","))
            while let scheme = token() {
                var parameters: [String: String] = [:]
                skip()
                while let (name, value) = parameter() {
                    if parameters[name] == nil { parameters[name] = value }
                    skip(spacesAnd: UInt8(ascii: ","))
                }
                result.append(AuthenticateChallenge(scheme: scheme.lowercased(), parameters: parameters))
                skip(spacesAnd: UInt8(ascii: ","))
            }
            return result
        }

        /// `name=value` or `name="value"`; nil, and nothing is taken, for anything else, such as the next scheme.
        private mutating func parameter() -> (String, String)? {
            let start = rest
            guard let name = token() else { return nil }
            skip()
            guard rest.first == UInt8(ascii: "=") else {
                rest = start
                return nil
            }
            rest.removeFirst()
            skip()
            guard let value = rest.first == UInt8(ascii: "\"") ? quoted() : token() ?? "" else { return nil }
            return (name.lowercased(), value)
        }

        private mutating func token() -> String? {
            let run = rest.prefix { byte in
                switch byte {
                case 0...0x20, 0x7F...: false
                case UInt8(ascii: "="), UInt8(ascii: ","), UInt8(ascii: "\""): false
                default: true
                }
            }
            rest = rest[run.endIndex...]
            return run.isEmpty ? nil : String(decoding: run, as: UTF8.self)
        }

        /// A quoted text; nil when it has no end.
        private mutating func quoted() -> String? {
            var value: [UInt8] = []
            rest.removeFirst()
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "\"") { return String(validating: value, as: UTF8.self) }
                if byte == UInt8(ascii: "\\") {
                    guard let escaped = rest.popFirst() else { return nil }
                    value.append(escaped)
                } else {
                    value.append(byte)
                }
            }
            return nil
        }

        private mutating func skip(spacesAnd other: UInt8 = UInt8(ascii: " ")) {
            rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == other }
        }
    }
}
