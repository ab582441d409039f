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
                try Self.address(text, of: name, in: "mirrors")
            }
        }
        for (name, text) in try object.optional("locations", as: [String: String].self) ?? [:] {
            locations[name] = try Self.address(text, of: name, in: "locations")
        }
        connectTimeout = try Self.seconds("connectTimeout", object) ?? connectTimeout
        idleTimeout = try Self.seconds("idleTimeout", object) ?? idleTimeout
    }

    private static func address(
        _ text: String, of name: String, in member: String
    ) throws(JSONError) -> HTTPAddress {
        guard let address = HTTPAddress(text) else {
            throw JSONError("\(JSONError.quoted(text)) is no address such as https://mirror.lan")
                .within(member: name).within(member: member)
        }
        return address
    }

    private static func seconds(_ name: String, _ object: JSONObject) throws(JSONError) -> Int64? {
        guard let value = try object.optional(name, as: Int64.self) else { return nil }
        guard (1...3600).contains(value) else {
            throw JSONError("expected seconds from 1 to 3600").within(member: name)
        }
        return value
    }
}
