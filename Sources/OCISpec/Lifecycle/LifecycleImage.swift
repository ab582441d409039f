/// What a lifecycle policy has to know of an image.
public struct LifecycleImage: Hashable, Sendable {
    /// The digest of its manifest or index.
    public var digest: Digest
    /// Its tags.
    public var tags: [String]
    /// When its content was first pushed.
    public var pushedAt: Timestamp
    /// When it was last pulled; nil: never.
    public var lastPulledAt: Timestamp?
    /// Since when it is archived; nil: it is not.
    public var archivedAt: Timestamp?
    /// When it was last brought back from the archive; nil: never.
    public var activatedAt: Timestamp?
    /// What it refers to, as an index does.
    public var children: [Digest]

    /// An image; without the other arguments never pulled, never archived, and no index.
    public init(
        digest: Digest, tags: [String], pushedAt: Timestamp, lastPulledAt: Timestamp? = nil,
        archivedAt: Timestamp? = nil, activatedAt: Timestamp? = nil, children: [Digest] = []
    ) {
        self.digest = digest
        self.tags = tags
        self.pushedAt = pushedAt
        self.lastPulledAt = lastPulledAt
        self.archivedAt = archivedAt
        self.activatedAt = activatedAt
        self.children = children
    }

    /// Where it is.
    public var storageClass: LifecyclePolicy.StorageClass { archivedAt == nil ? .standard : .archive }

    /// What stands for the last pull: the pull, or the return from the archive after it, or else the push.
    var lastUse: Timestamp {
        guard let lastPulledAt else { return activatedAt ?? pushedAt }
        return max(lastPulledAt, activatedAt ?? lastPulledAt)
    }
}

/// What a lifecycle policy does with an image.
public struct LifecycleDecision: Hashable, Sendable {
    /// The image.
    public var image: LifecycleImage
    /// What becomes of it.
    public var action: LifecyclePolicy.Action
    /// The priority of the rule that says so.
    public var rulePriority: Int

    /// A decision.
    public init(image: LifecycleImage, action: LifecyclePolicy.Action, rulePriority: Int) {
        self.image = image
        self.action = action
        self.rulePriority = rulePriority
    }
}
