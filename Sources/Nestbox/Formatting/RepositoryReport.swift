public import ImageStore
public import OCISpec

/// A repository of the own registry, as `repository ls` and `inspect` tell of it.
public struct RepositoryReport: Sendable {
    private let name: RepositoryName
    private let settings: RepositorySettings
    private let images: Int
    private let tags: [String]
    private let lifecycle: RepositoryLifecycle?

    /// The template of the usual table.
    public static let table =
        #"{{.Name}}\t{{.Images}}\t{{.Visibility}}\t{{.ImageTagMutability}}\t{{.LifecyclePolicy}}\t{{.CreatedSince}}"#

    /// The fields' column titles.
    public static let headers: JSONObject = [
        "Name": "REPOSITORY", "Images": "IMAGES", "Visibility": "VISIBILITY", "ImageTagMutability": "TAGS",
        "LifecyclePolicy": "POLICY", "CreatedSince": "CREATED", "CreatedAt": "CREATED AT",
    ]

    /// Describes a repository.
    ///
    /// - Throws: `RepositoryError.noRepository`, `ImageStoreError`, `SystemError`.
    public init(_ name: RepositoryName, in store: RepositoryStore) throws {
        self.name = name
        tags = try store.tags(of: name)
        images = try store.manifests(of: name).count
        settings = try store.settings(of: name)
        do {
            lifecycle = try store.lifecycle(of: name)
        } catch RepositoryError.noLifecyclePolicy {
            lifecycle = nil
        }
    }

    /// The fields of a list.
    ///
    /// What the repository does not say is left to the registry's configuration.
    ///
    /// - Parameter now: what ages count to.
    public func row(now: Timestamp) -> JSONValue {
        [
            "Name": .string(name.description), "Images": .string(String(images)),
            "Visibility": .string(settings.visibility?.rawValue ?? "configured"),
            "ImageTagMutability": .string(settings.tagMutability?.rawValue ?? "configured"),
            "LifecyclePolicy": .string(lifecycle == nil ? "no" : "yes"),
            "CreatedSince": .string(RepositoryImageReport.since(settings.created, now)),
            "CreatedAt": .string(settings.created?.description ?? "N/A"),
        ]
    }

    /// Everything.
    public var inspection: JSONValue {
        let policy = lifecycle.flatMap { try? JSONValue(parsing: Array($0.text.utf8)) }
        return [
            "Name": .string(name.description), "Created": settings.created?.json ?? nil,
            "Visibility": settings.visibility?.json ?? nil, "ImageTagMutability": settings.tagMutability?.json ?? nil,
            "ImageTagMutabilityExclusions": settings.exclusions.map(\.text).json,
            "Images": .integer(Int64(images)), "Tags": tags.json,
            "LifecyclePolicy": policy ?? nil, "LifecyclePolicyApplied": lifecycle?.applied?.json ?? nil,
        ]
    }
}

/// An image of a repository, as `repository images` and `lifecycle preview` tell of it.
public struct RepositoryImageReport: Sendable {
    /// The template of the usual table.
    public static let table = #"{{.Digest}}\t{{.Tags}}\t{{.PushedSince}}\t{{.PulledSince}}\t{{.Size}}\t{{.Status}}"#
    /// That of what a lifecycle policy does.
    public static let decisionTable = #"{{.Digest}}\t{{.Tags}}\t{{.PushedSince}}\t{{.Action}}\t{{.RulePriority}}"#

    /// The fields' column titles.
    public static let headers: JSONObject = [
        "Digest": "DIGEST", "Tags": "TAGS", "PushedSince": "PUSHED", "PushedAt": "PUSHED AT", "PulledSince": "PULLED",
        "PulledAt": "PULLED AT", "Size": "SIZE", "Status": "STATUS", "MediaType": "MEDIA TYPE", "Action": "ACTION",
        "RulePriority": "RULE",
    ]

    /// The fields of an image.
    ///
    /// - Parameters:
    ///   - image: the image.
    ///   - now: what ages count to.
    ///   - isShortened: whether digests are cut.
    public static func row(_ image: RepositoryImage, now: Timestamp, isShortened: Bool) -> JSONValue {
        fields(
            image.forLifecycle, now, isShortened,
            [
                "Size": .string(HumanText.size(image.size)),
                "Status": .string(image.archivedAt == nil ? "active" : "archived"),
                "MediaType": .string(image.mediaType.rawValue),
            ])
    }

    /// The fields of what a lifecycle policy does with an image.
    ///
    /// - Parameters:
    ///   - decision: what becomes of an image.
    ///   - now: what ages count to.
    ///   - isShortened: whether digests are cut.
    public static func row(_ decision: LifecycleDecision, now: Timestamp, isShortened: Bool) -> JSONValue {
        fields(
            decision.image, now, isShortened,
            [
                "Action": .string(decision.action.rawValue), "RulePriority": .string(String(decision.rulePriority)),
            ])
    }

    private static func fields(
        _ image: LifecycleImage, _ now: Timestamp, _ isShortened: Bool, _ more: JSONObject
    ) -> JSONValue {
        let digest = isShortened ? "sha256:\(image.digest.hex.prefix(12))" : image.digest.description
        var object: JSONObject = [
            "Digest": .string(digest),
            "Tags": .string(image.tags.isEmpty ? "<none>" : image.tags.joined(separator: ",")),
            "PushedSince": .string(since(image.pushedAt, now)), "PushedAt": .string(image.pushedAt.description),
            "PulledSince": .string(since(image.lastPulledAt, now)),
            "PulledAt": .string(image.lastPulledAt?.description ?? "N/A"),
        ]
        for member in more.members { object[member.name] = member.value }
        return .object(object)
    }

    static func since(_ time: Timestamp?, _ now: Timestamp) -> String {
        time.map { HumanText.duration(seconds: now.seconds - $0.seconds) + " ago" } ?? "N/A"
    }
}
