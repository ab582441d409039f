/// Which proxy connections go through, as the variables `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say.
public struct ProxySettings: Sendable, Hashable {
    /// A proxy, spoken to without TLS.
    public struct Server: Sendable, Hashable {
        /// Its name or address.
        public var host: String
        /// Its port.
        public var port: UInt16
        /// What it wants to see of the user: name and password with a colon between; nil where that is nothing.
        public var user: String?

        /// Describes a proxy.
        public init(host: String, port: UInt16, user: String? = nil) {
            self.host = host
            self.port = port
            self.user = user
        }
    }

    private let plain: Server?
    private let secure: Server?
    private let exceptions: [String]

    /// Reads the variables; each may be written in small letters, too.
    ///
    /// - Throws: `InvalidProxy`.
    public init(_ variable: (String) -> String?) throws(InvalidProxy) {
        func value(_ name: String) -> (name: String, text: String)? {
            for name in [name, name.lowercased()] {
                if let text = variable(name), !text.isEmpty { return (name, text) }
            }
            return nil
        }
        plain = try value("HTTP_PROXY").map(Self.server)
        secure = try value("HTTPS_PROXY").map(Self.server)
        exceptions = (value("NO_PROXY")?.text ?? "").split { $0 == "," || $0 == " " }.map { $0.lowercased() }
    }

    private static func server(_ name: String, _ text: String) throws(InvalidProxy) -> Server {
        var rest = text[...]
        if let colon = rest.firstIndex(of: ":"), rest[colon...].hasPrefix("://") {
            guard rest[..<colon].lowercased() == "http" else { throw InvalidProxy(variable: name) }
            rest = rest[colon...].dropFirst(3)
        }
        var user: String?
        if let at = rest.lastIndex(of: "@") {
            user = unescaped(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        guard let (host, port) = HTTPAddress.authority(rest.prefix { $0 != "/" }) else {
            throw InvalidProxy(variable: name)
        }
        return Server(host: host, port: port ?? 80, user: user)
    }

    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"),
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The proxy on the way to a host; nil for the direct way, which this machine itself is always reached on.
    public func server(isSecure: Bool, host: String, port: UInt16) -> Server? {
        guard let server = isSecure ? secure : plain, !RegistryHost(host).isLoopback else { return nil }
        for exception in exceptions {
            if exception == "*" { return nil }
            let (name, onlyPort) = HTTPAddress.authority(exception) ?? (exception, nil)
            guard onlyPort == nil || onlyPort == port else { continue }
            let bare = name.drop { $0 == "." || $0 == "*" }
            if host == bare || host.hasSuffix(".\(bare)") { return nil }
        }
        return server
    }
}

/// A variable that names no proxy.
public struct InvalidProxy: Error, Hashable, Sendable, CustomStringConvertible {
    /// The variable.
    public var variable: String

    /// One line; not the value, which may hold a password.
    public var description: String {
        "the variable \(variable) names no proxy that can be used; give it as http://HOST:PORT"
    }
}
