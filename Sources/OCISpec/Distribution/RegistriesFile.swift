/// The file `registries.json`: what the machine's owner says of registries.
///
///     {
///         "insecure": ["registry.lan:5000"],
///         "locations": { "123456789012.dkr.ecr.us-east-1.amazonaws.com": "http://127.0.0.1:5000" },
///         "mirrors": { "docker.io": ["https://mirror.lan"] },
///         "certificates": { "registry.lan:5000": ["/etc/ssl/lan.pem"] },
///         "connectTimeout": 15,
///         "idleTimeout": 60
///     }
public struct RegistriesFile: Sendable, Hashable {
    /// Registries that may be spoken to without TLS, and whose certificates need not be valid: names with their port.
    public var insecure: [String] = []
    /// Where else to ask first, by the name of the registry: addresses.
    public var mirrors: [String: [HTTPAddress]] = [:]
    /// Where a registry really is, by its name: nobody is asked what the name means.
    public var locations: [String: HTTPAddress] = [:]
    /// Files of certificates that are trusted, too, by the name of the registry.
    public var certificates: [String: [String]] = [:]
    /// Seconds until a connection must stand.
    public var connectTimeout: Int64 = 15
    /// Seconds in which something must arrive.
    public var idleTimeout: Int64 = 60

    /// A file that says nothing.
    public init() {}

    /// Reads a file.
    ///
    /// - Throws: `JSONError`, also for a member that is not known: a misspelt one would be without effect.
    public init(bytes: [UInt8]) throws(JSONError) {
        let object = try JSONValue(parsing: bytes).object()
        let known = ["insecure", "locations", "mirrors", "certificates", "connectTimeout", "idleTimeout"]
        for member in object.members where !known.contains(member.name) {
            throw JSONError("the member is unknown; known are \(known.joined(separator: ", "))")
                .within(member: member.name)
        }
        insecure = try object.optional("insecure") ?? []
        certificates = try object.optional("certificates") ?? [:]
        for (name, addresses) in try object.optional("mirrors", as: [String: [String]].self) ?? [:] {
            mirrors[name] = try addresses.map { text throws(JSONError) in
                try HTTPAddress(setting: text, of: name, in: "mirrors")
            }
        }
        for (name, text) in try object.optional("locations", as: [String: String].self) ?? [:] {
            locations[name] = try HTTPAddress(setting: text, of: name, in: "locations")
        }
        connectTimeout = try object.seconds("connectTimeout", in: 1...3600) ?? connectTimeout
        idleTimeout = try object.seconds("idleTimeout", in: 1...3600) ?? idleTimeout
    }
}
