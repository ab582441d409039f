/// What was said of one repository of a registry of one's own; what was not said, the registry's configuration decides.
public struct RepositorySettings: Hashable, Sendable {
    /// Who may pull.
    public enum Visibility: String, Hashable, Sendable, CaseIterable, JSONCodable {
        /// Who has a password, and is allowed to.
        case `private`
        /// Everybody.
        case `public`
    }

    /// Whether tags may come to stand for another manifest, in Amazon ECR's words.
    public enum TagMutability: String, Hashable, Sendable, CaseIterable, JSONCodable {
        /// All may.
        case mutable = "MUTABLE"
        /// None may.
        case immutable = "IMMUTABLE"
        /// None may but those that an exclusion covers.
        case immutableWithExclusion = "IMMUTABLE_WITH_EXCLUSION"
        /// All may but those that an exclusion covers.
        case mutableWithExclusion = "MUTABLE_WITH_EXCLUSION"

        /// Whether there have to be exclusions.
        public var takesExclusions: Bool { self == .immutableWithExclusion || self == .mutableWithExclusion }
    }

    /// Who may pull; nil: as configured.
    public var visibility: Visibility?
    /// Whether tags may move; nil: as configured.
    public var tagMutability: TagMutability?
    /// The tags for which it is the other way round.
    public var exclusions: [TagPattern] = []
    /// When the repository was made; nil: nobody wrote it down.
    public var created: Timestamp?

    /// Settings that leave everything to the configuration.
    public init(visibility: Visibility? = nil, tagMutability: TagMutability? = nil) {
        self.visibility = visibility
        self.tagMutability = tagMutability
    }

    /// Whether a tag stands for the same manifest for ever.
    ///
    /// - Parameter configured: what the registry's configuration says.
    public func keeps(tag: String, configured: Bool) -> Bool {
        switch tagMutability {
        case nil: configured
        case .mutable: false
        case .immutable: true
        case .immutableWithExclusion: !exclusions.contains { $0.matches(tag) }
        case .mutableWithExclusion: exclusions.contains { $0.matches(tag) }
        }
    }
}

extension RepositorySettings: JSONCodable {
    /// Reads settings.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        visibility = try object.optional("visibility")
        tagMutability = try object.optional("imageTagMutability")
        exclusions = try (object.optional("exclusions") ?? [String]()).compactMap { TagPattern($0) }
        created = try object.optional("created")
    }

    /// The JSON form.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("visibility", to: visibility)
        object.set("imageTagMutability", to: tagMutability)
        object.setUnlessEmpty("exclusions", to: exclusions.map(\.text))
        object.set("created", to: created)
        return .object(object)
    }
}
