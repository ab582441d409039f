/// What a registry of one's own keeps for whom: the file of `nestboxd --config`.
///
///     { "passwords": "/etc/nestbox/registry.passwords", "createOnPush": false,
///       "tls": { "certificate": "/etc/nestbox/registry.crt", "key": "/etc/nestbox/registry.key" },
///       "repositories": [ { "name": "gallery/*", "visibility": "public", "push": ["ann"] },
///                         { "name": "forum/web", "imageTagMutability": "IMMUTABLE" } ] }
///
/// `allowPlainPasswords`, `address` and `tokenLifetime` are there, too.
public struct RegistryConfiguration: Hashable, Sendable {
    /// What somebody wants of a repository.
    public enum Access: Hashable, Sendable {
        /// To read.
        case pull
        /// To change.
        case push
    }

    /// The rule for one repository, or for several.
    public struct Rule: Hashable, Sendable {
        /// A repository's name, or the beginning of names and `*`.
        public var name: String
        /// Whether everybody may pull, also without a password.
        public var isPublic = false
        /// Whether a tag stands for the same manifest for ever.
        public var keepsTags = false
        /// Who may pull; nil: every user.
        public var pull: [String]?
        /// Who may push, and pull; nil: every user.
        public var push: [String]?

        fileprivate func covers(_ repository: RepositoryName) -> Bool {
            name.hasSuffix("*")
                ? repository.description.hasPrefix(String(name.dropLast())) : repository.description == name
        }
    }

    /// The file of users and their passwords; nil: everybody may do everything.
    public var passwords: String?
    /// The file of the access keys that calls of the ECR API are signed with; nil: there is no such call where there are
    /// passwords.
    public var accessKeys: String?
    /// Whether a push makes the repository that it names.
    public var createsOnPush = true
    /// The rules; the first one that covers a repository counts.
    public var rules: [Rule] = []
    /// What it shows of itself over TLS; nil: it speaks plain HTTP.
    public var tls: TLSFiles?
    /// Whether passwords may come without TLS from elsewhere: something that speaks TLS stands before the registry.
    public var allowsPlainPasswords = false
    /// Its address as clients know it, where that cannot be told from their requests; what stands before it may speak TLS.
    public var address: HTTPAddress?
    /// How long a token counts, in seconds.
    public var tokenLifetime: Int64 = 300

    /// What a registry on the loopback does without a file: everybody may pull and push.
    public init() {}

    /// Reads a file.
    ///
    /// - Throws: `JSONError`; an unknown member may be a misspelt one, and is an error.
    public init(bytes: [UInt8]) throws(JSONError) {
        let object = try JSONValue(parsing: bytes).object()
        try object.allow([
            "passwords", "accessKeys", "createOnPush", "repositories", "tls", "allowPlainPasswords", "address",
            "tokenLifetime",
        ])
        passwords = try object.nonEmpty("passwords")
        accessKeys = try object.nonEmpty("accessKeys")
        createsOnPush = try object.optional("createOnPush") ?? true
        rules = try object.optional("repositories") ?? []
        tls = try object.optional("tls")
        allowsPlainPasswords = try object.optional("allowPlainPasswords") ?? false
        address = try object.address("address")
        tokenLifetime = try object.seconds("tokenLifetime", in: 1...86_400) ?? tokenLifetime
        if passwords == nil, let rule = rules.first(where: { $0.pull != nil || $0.push != nil }) {
            throw JSONError("the rule of \(rule.name) names users, and there are none").within(member: "passwords")
        }
    }

    /// The rule of a repository.
    public func rule(of repository: RepositoryName) -> Rule {
        rules.first { $0.covers(repository) } ?? Rule(name: repository.description)
    }

    /// Whether somebody may do something.
    ///
    /// - Parameters:
    ///   - user: who was let in by a password; nil: nobody.
    ///   - visibility: what was said of the repository itself; nil: the rule counts. It is asked where it decides.
    public func permits(
        _ access: Access, to repository: RepositoryName, for user: String?,
        visibility: @autoclosure () -> RepositorySettings.Visibility? = nil
    ) -> Bool {
        guard passwords != nil else { return true }
        let rule = rule(of: repository)
        if access == .pull, visibility().map({ $0 == .public }) ?? rule.isPublic { return true }
        guard let user else { return false }
        let mayPush = rule.push?.contains(user) ?? true
        return access == .push ? mayPush : mayPush && rule.push != nil || rule.pull?.contains(user) ?? true
    }

    /// The repositories that are there also when nothing was pushed to them: those that a rule names.
    public var namedRepositories: [RepositoryName] {
        rules.compactMap { $0.name.hasSuffix("*") ? nil : try? RepositoryName($0.name) }
    }
}

extension RegistryConfiguration.Rule: JSONCodable {
    /// Reads a rule.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        try object.allow(["name", "visibility", "imageTagMutability", "pull", "push"])
        name = try object.required("name")
        if !name.hasSuffix("*"), (try? RepositoryName(name)) == nil {
            throw JSONError("\(JSONError.quoted(name)) is no repository's name").within(member: "name")
        }
        isPublic = try object.choice("visibility", ["private", "public"]) == "public"
        keepsTags = try object.choice("imageTagMutability", ["MUTABLE", "IMMUTABLE"]) == "IMMUTABLE"
        pull = try object.optional("pull")
        push = try object.optional("push")
    }

    /// The JSON form.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("name", to: name)
        object.set("visibility", to: isPublic ? "public" : "private")
        object.set("imageTagMutability", to: keepsTags ? "IMMUTABLE" : "MUTABLE")
        object.set("pull", to: pull)
        object.set("push", to: push)
        return .object(object)
    }
}
