import OCISpec
import Testing

/// Rules and images for tests of lifecycle policies.
enum LifecycleSamples {
    static let now = Timestamp(seconds: 1_800_000_000) ?? .unixEpoch

    /// A rule as JSON; `selection` holds what stands behind the tag status.
    static func rule(
        _ priority: Int, _ tagStatus: String, _ selection: String, action: String = "{\"type\": \"expire\"}"
    ) -> String {
        """
        {"rulePriority": \(priority), "selection": {"tagStatus": "\(tagStatus)", \(selection)}, "action": \(action)}
        """
    }

    static func text(_ rules: String...) -> String {
        // Long enough, whatever the rules are.
        "{\"rules\": [\(rules.joined(separator: ", "))]}" + String(repeating: " ", count: 100)
    }

    static func count(_ number: Int, _ more: String = "") -> String {
        "\(more)\"countType\": \"imageCountMoreThan\", \"countNumber\": \(number)"
    }

    static func since(_ what: String, _ days: Int, _ more: String = "") -> String {
        "\(more)\"countType\": \"sinceImage\(what)\", \"countUnit\": \"days\", \"countNumber\": \(days)"
    }

    static func patterns(_ patterns: String...) -> String {
        "\"tagPatternList\": [\(patterns.map { "\"\($0)\"" }.joined(separator: ", "))], "
    }

    static func prefixes(_ prefixes: String...) -> String {
        "\"tagPrefixList\": [\(prefixes.map { "\"\($0)\"" }.joined(separator: ", "))], "
    }

    static let transition = "{\"type\": \"transition\", \"targetStorageClass\": \"archive\"}"
    static let archive = "\"storageClass\": \"archive\", "

    /// The digest of an image called by a number.
    static func digest(_ number: Int) throws -> Digest {
        let text = String(number, radix: 16)
        return try Digest("sha256:" + String(repeating: "0", count: 64 - text.count) + text)
    }

    /// An image of that number, so many days old.
    static func image(
        _ number: Int, _ tags: [String], days: Int, pulled: Int? = nil, archived: Int? = nil, activated: Int? = nil,
        children: [Int] = []
    ) throws -> LifecycleImage {
        LifecycleImage(
            digest: try digest(number), tags: tags, pushedAt: try ago(days),
            lastPulledAt: try pulled.map { try ago($0) }, archivedAt: try archived.map { try ago($0) },
            activatedAt: try activated.map { try ago($0) },
            children: try children.map { try digest($0) })
    }

    static func ago(_ days: Int) throws -> Timestamp {
        try #require(Timestamp(seconds: now.seconds - Int64(days) * 86_400))
    }
}
