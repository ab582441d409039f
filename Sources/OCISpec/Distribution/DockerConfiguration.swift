/// Docker's configuration file, `config.json`, as far as it tells how to log in.
///
/// What else it holds is kept.
public struct DockerConfiguration: Sendable {
    /// What is shown to a registry.
    public struct Login: Sendable, Hashable {
        /// The user; empty for a token.
        public var username: String
        /// The password.
        public var password: String
        /// What is exchanged for tokens instead of a password; nil where there is none.
        public var identityToken: String?
        /// What is shown to the registry as it is; nil where there is none.
        public var registryToken: String?

        /// Makes the value from its members.
        public init(
            username: String, password: String, identityToken: String? = nil, registryToken: String? = nil
        ) {
            self.username = username
            self.password = password
            self.identityToken = identityToken
            self.registryToken = registryToken
        }
    }

    private var members: JSONObject

    /// A file with nothing in it.
    public init() {
        members = JSONObject()
    }

    /// Reads a file.
    ///
    /// - Throws: `JSONError`.
    public init(bytes: [UInt8]) throws(JSONError) {
        members = try JSONValue(parsing: bytes).object()
        for name in ["auths", "credHelpers"] where members[name] != nil { _ = try members[name]?.object() }
    }

    /// The file.
    public var bytes: [UInt8] { JSONValue.object(members).serialized(pretty: true) + [UInt8(ascii: "\n")] }

    /// The program that keeps the password for a registry, without `docker-credential-`; nil: the file itself.
    public func helper(for registry: RegistryHost) -> String? {
        if let helpers = members["credHelpers"]?.objectValue {
            for name in [registry.name, registry.credentialKey] {
                if let helper = helpers[name]?.stringValue, !helper.isEmpty { return helper }
            }
        }
        return members["credsStore"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// What the file itself holds for a registry; nil where it holds nothing.
    public func login(for registry: RegistryHost) -> Login? {
        guard let entries = members["auths"]?.objectValue, let key = key(of: registry, in: entries),
            let entry = entries[key]
        else { return nil }
        var username = entry["username"]?.stringValue ?? ""
        var password = entry["password"]?.stringValue ?? ""
        if let auth = entry["auth"]?.stringValue, !auth.isEmpty, let bytes = Base64.decode(auth),
            let text = String(validating: bytes, as: UTF8.self), let colon = text.firstIndex(of: ":")
        {
            username = String(text[..<colon])
            password = String(text[text.index(after: colon)...].filter { $0 != "\0" })
        }
        let login = Login(
            username: username, password: password,
            identityToken: entry["identitytoken"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 },
            registryToken: entry["registrytoken"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 })
        return login == Login(username: "", password: "") ? nil : login
    }

    /// Whether anything is noted of a registry.
    public func knows(_ registry: RegistryHost) -> Bool {
        members["auths"]?.objectValue.map { key(of: registry, in: $0) != nil } ?? false
    }

    /// Notes how to log in; nil: that a helper knows it.
    public mutating func set(_ login: Login?, for registry: RegistryHost) {
        var entries = members["auths"]?.objectValue ?? JSONObject()
        var entry = JSONObject()
        if let login {
            if let token = login.identityToken {
                entry["auth"] = .string(Base64.encode(Array("\(login.username):".utf8)))
                entry["identitytoken"] = .string(token)
            } else {
                entry["auth"] = .string(Base64.encode(Array("\(login.username):\(login.password)".utf8)))
            }
        }
        entries[key(of: registry, in: entries) ?? registry.credentialKey] = .object(entry)
        members["auths"] = .object(entries)
    }

    /// Forgets a registry.
    public mutating func remove(_ registry: RegistryHost) {
        guard var entries = members["auths"]?.objectValue else { return }
        while let key = key(of: registry, in: entries) { entries[key] = nil }
        members["auths"] = .object(entries)
    }

    /// The member for a registry, which older clients wrote as an address.
    private func key(of registry: RegistryHost, in entries: JSONObject) -> String? {
        for name in [registry.credentialKey, registry.name] where entries[name] != nil { return name }
        return entries.members.first { RegistryHost(entered: $0.name) == registry }?.name
    }
}
