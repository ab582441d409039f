/// A registry, as names of images call it.
public struct RegistryHost: Hashable, Sendable {
    /// The name with its port, if it has one: `docker.io`, `127.0.0.1:5000`.
    public let name: String

    /// The registry of that name; Docker's other names for its own are understood.
    public init(_ name: String) {
        switch name {
        case "index.docker.io", "registry-1.docker.io", "": self.name = ImageReference.defaultDomain
        default: self.name = name
        }
    }

    /// Reads what a person gives to `login`: a name, perhaps with a scheme and a path, which do not matter; nil when it is none.
    public init?(entered text: String) {
        var rest = text[...]
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        let name = String(rest.prefix { $0 != "/" })
        guard HTTPAddress.authority(name) != nil else { return nil }
        self.init(name)
    }

    /// Whether it is Docker's own.
    public var isDockerHub: Bool { name == ImageReference.defaultDomain }

    /// Where it really is.
    public var connectName: String { isDockerHub ? "registry-1.docker.io" : name }

    /// Its name in Docker's configuration file.
    public var credentialKey: String { isDockerHub ? "https://index.docker.io/v1/" : name }

    /// Host and port; nil where the name is none.
    public var authority: (host: String, port: UInt16?)? { HTTPAddress.authority(connectName) }

    /// Whether it is on this machine, where nobody can listen in, so that plain HTTP may be used.
    public var isLoopback: Bool {
        guard let host = authority?.host else { return false }
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

extension RegistryHost: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
