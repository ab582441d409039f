internal import OCISpec
internal import RegistryServer

/// Where to serve, as a person writes it: `HOST:PORT`, with brackets around an IPv6 address.
struct ListenAddress {
    /// The host, without brackets.
    let host: String
    let port: Int
    /// Whether only programs of this machine get there.
    let isLoopback: Bool

    /// - Throws: `RegistryServerError.address`.
    init(_ text: String) throws(RegistryServerError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count > 1, let port = UInt16(parts[parts.count - 1]) else {
            throw .address(text, reason: "expected HOST:PORT")
        }
        let host = parts.dropLast().joined(separator: ":")
        self.port = Int(port)
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        // With port 0 it is no address to connect to.
        isLoopback = RegistryHost(text).isLoopback || RegistryHost(host).isLoopback
    }

    /// The address with another port.
    func with(port: Int) -> String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}
