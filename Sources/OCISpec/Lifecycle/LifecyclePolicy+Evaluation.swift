/// How Amazon ECR evaluates a policy.
///
/// Each rule finds its candidates among all images, as if there were no other rule. An image belongs to the first rule, by
/// priority, whose storage class and tag requirement it meets: that rule alone decides, also when it leaves the image alone.
/// What an index refers to waits for the index.
extension LifecyclePolicy {
    /// What becomes of images at a time; those that are not named stay as they are.
    ///
    /// Nothing is changed by asking.
    ///
    /// - Parameter images: all images of a repository, each once.
    /// - Returns: the oldest push first; of those pushed at the same instant the lower digest first.
    public func decisions(on images: [LifecycleImage], at now: Timestamp) -> [LifecycleDecision] {
        // The youngest first. Digests make the order the same each time.
        let images = images.sorted { ($1.pushedAt, $1.digest) < ($0.pushedAt, $0.digest) }
        var decisions: [Digest: LifecycleDecision] = [:]
        var claimed: Set<Digest> = []
        for rule in rules {
            let selected = images.filter { rule.selection.isMet(by: $0) }
            let candidates = Set(rule.selection.count.candidates(among: selected, at: now))
            for image in selected where claimed.insert(image.digest).inserted {
                guard candidates.contains(image.digest) else { continue }
                decisions[image.digest] = LifecycleDecision(
                    image: image, action: rule.action, rulePriority: rule.priority)
            }
        }
        Self.keepWhatIndexesNeed(&decisions, images)
        return images.reversed().compactMap { decisions[$0.digest] }
    }

    /// Takes back what is decided on images that an index refers to which stays.
    private static func keepWhatIndexesNeed(
        _ decisions: inout [Digest: LifecycleDecision], _ images: [LifecycleImage]
    ) {
        // An index that loses its own decision may keep others: each is looked at again then.
        var open = images.filter { !$0.children.isEmpty }
        let indexes = Dictionary(open.map { ($0.digest, $0) }) { first, _ in first }
        while let index = open.popLast() {
            for child in index.children {
                guard let decision = decisions[child], !lets(decision.action, of: index, decisions[index.digest])
                else { continue }
                decisions[child] = nil
                if let inner = indexes[child] { open.append(inner) }
            }
        }
    }

    /// Whether an index lets something happen to what it refers to.
    ///
    /// An archived index can be brought back, and needs its images then: they may be archived, but not expire.
    private static func lets(_ action: Action, of index: LifecycleImage, _ decision: LifecycleDecision?) -> Bool {
        switch (action, decision?.action) {
        case (_, .expire): true
        case (.transition, .transition): true
        case (.transition, nil): index.storageClass == .archive
        case (.expire, _): false
        }
    }
}

extension LifecyclePolicy.Selection {
    /// Whether an image is one that the rule is about.
    func isMet(by image: LifecycleImage) -> Bool {
        guard image.storageClass == storageClass else { return false }
        switch tags {
        case .any: return true
        case .untagged: return image.tags.isEmpty
        // All of a list must be there, each in some tag.
        case .patterns(let patterns): return patterns.allSatisfy { image.tags.contains(where: $0.matches) }
        case .prefixes(let prefixes):
            return prefixes.allSatisfy { prefix in image.tags.contains { $0.utf8.starts(with: prefix.utf8) } }
        }
    }
}

extension LifecyclePolicy.Count {
    /// Which images the rule would take, were it the only one.
    ///
    /// - Parameter selected: all that meet its requirements, the youngest first.
    fileprivate func candidates(among selected: [LifecycleImage], at now: Timestamp) -> [Digest] {
        switch self {
        case .imageCountMoreThan(let count): selected.dropFirst(count).map(\.digest)
        case .sinceImagePushed(let days): selected.filter { $0.pushedAt.isMore(than: days, before: now) }.map(\.digest)
        case .sinceImagePulled(let days): selected.filter { $0.lastUse.isMore(than: days, before: now) }.map(\.digest)
        case .sinceImageTransitioned(let days):
            selected.filter { $0.archivedAt?.isMore(than: days, before: now) ?? false }.map(\.digest)
        }
    }
}

extension Timestamp {
    /// Whether more than so many days lie between two instants; not when it is just as many, to the nanosecond.
    fileprivate func isMore(than days: Int, before now: Timestamp) -> Bool {
        (seconds + Int64(days) * 86_400, nanoseconds) < (now.seconds, now.nanoseconds)
    }
}
