/// Which images of a repository go, and when: a lifecycle policy as Amazon ECR writes it.
///
/// Make one with ``init(text:)``, which checks all of it; ask it with ``decisions(on:at:)``.
public struct LifecyclePolicy: Hashable, Sendable {
    /// The rules, lowest priority number first.
    public let rules: [Rule]

    /// How the text was written, as it is given back.
    public let text: String

    init(rules: [Rule], text: String) {
        self.rules = rules
        self.text = text
    }
}

extension LifecyclePolicy {
    /// One rule.
    public struct Rule: Hashable, Sendable {
        /// Its place: lower numbers are applied first.
        public let priority: Int
        /// What its author says of it.
        public let description: String?
        /// Which images it is about.
        public let selection: Selection
        /// What becomes of those that it takes.
        public let action: Action
    }

    /// Which images a rule is about.
    public struct Selection: Hashable, Sendable {
        /// What an image's tags must be.
        public let tags: TagRequirement
        /// Where the images are.
        public let storageClass: StorageClass
        /// Which of those images the rule takes.
        public let count: Count
    }

    /// What an image's tags must be: the tag requirement.
    public enum TagRequirement: Hashable, Sendable {
        /// Anything.
        case any
        /// None.
        case untagged
        /// Each of these patterns matches some tag.
        case patterns([TagPattern])
        /// Each of these is the beginning of some tag.
        case prefixes([String])
    }

    /// Where images are.
    public enum StorageClass: String, Hashable, Sendable, CaseIterable {
        /// Where they can be pulled from.
        case standard
        /// Where they are only kept.
        case archive
    }

    /// Which of the images that meet a rule's requirements it takes.
    public enum Count: Hashable, Sendable {
        /// All but the youngest ones, by push time.
        case imageCountMoreThan(Int)
        /// Those pushed more than so many days ago.
        case sinceImagePushed(days: Int)
        /// Those not pulled for more than so many days.
        case sinceImagePulled(days: Int)
        /// Those archived more than so many days ago.
        case sinceImageTransitioned(days: Int)
    }

    /// What becomes of an image.
    public enum Action: String, Hashable, Sendable, CaseIterable {
        /// It is removed with all its tags.
        case expire
        /// It is archived.
        case transition
    }
}

/// A tag, or tags, with `*` for any characters, also none.
public struct TagPattern: Hashable, Sendable {
    /// The most stars of a pattern.
    public static let mostWildcards = 4

    /// How it is written.
    public let text: String

    /// Any text is a pattern; nil with more stars than are allowed.
    public init?(_ text: String) {
        guard text.utf8.count(where: { $0 == UInt8(ascii: "*") }) <= Self.mostWildcards else { return nil }
        self.text = text
    }

    /// Whether it matches a whole tag; letters' case counts.
    public func matches(_ tag: String) -> Bool {
        var rest = Array(tag.utf8)[...]
        let parts = text.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
        guard let first = parts.first, let last = parts.last, rest.starts(with: first) else { return false }
        guard parts.count > 1 else { return rest.count == first.count }
        rest = rest.dropFirst(first.count)
        guard rest.count >= last.count, rest.suffix(last.count).elementsEqual(last) else { return false }
        rest = rest.dropLast(last.count)
        // The leftmost place for each part leaves most for those behind it.
        for part in parts.dropFirst().dropLast() {
            while !rest.starts(with: part) { if rest.popFirst() == nil { return false } }
            rest = rest.dropFirst(part.count)
        }
        return true
    }
}
