import OCISpec

/// A second evaluator, written from the text alone and as slowly as it reads: it asks the same question of each image and
/// each rule again.
struct LifecycleOracle {
    /// A rule in the words of the policy.
    struct Rule {
        var priority: Int
        var tagStatus: String
        var patterns: [String] = []
        var prefixes: [String] = []
        var isArchive = false
        var countType: String
        var number: Int
        var action: String

        /// As the policy has it.
        var text: String {
            func list(_ texts: [String]) -> String { "[\(texts.map { "\"\($0)\"" }.joined(separator: ","))]" }
            var selection = "\"tagStatus\":\"\(tagStatus)\",\"countType\":\"\(countType)\",\"countNumber\":\(number)"
            if !patterns.isEmpty { selection += ",\"tagPatternList\":\(list(patterns))" }
            if !prefixes.isEmpty { selection += ",\"tagPrefixList\":\(list(prefixes))" }
            if countType != "imageCountMoreThan" { selection += ",\"countUnit\":\"days\"" }
            if isArchive { selection += ",\"storageClass\":\"archive\"" }
            let target = action == "transition" ? ",\"targetStorageClass\":\"archive\"" : ""
            return "{\"rulePriority\":\(priority),\"selection\":{\(selection)},"
                + "\"action\":{\"type\":\"\(action)\"\(target)}}"
        }
    }

    var rules: [Rule]
    var images: [LifecycleImage]
    var now: Timestamp

    /// What becomes of each image: action and priority by digest.
    func outcome() -> [Digest: String] {
        var leaving: [Digest: Rule] = [:]
        for image in images {
            if let rule = owner(of: image), isCandidate(image, of: rule) { leaving[image.digest] = rule }
        }
        // (9) An image that an index refers to stays while the index does.
        var isDone = false
        while !isDone {
            isDone = true
            for image in images {
                guard let rule = leaving[image.digest] else { continue }
                for index in images where index.children.contains(image.digest) {
                    let becomes = leaving[index.digest]?.action ?? (index.archivedAt == nil ? "stays" : "transition")
                    if becomes == "expire" || (becomes == "transition" && rule.action == "transition") { continue }
                    leaving[image.digest] = nil
                    isDone = false
                }
            }
        }
        return leaving.mapValues { "\($0.action) by \($0.priority)" }
    }

    /// (3), (4): the first rule whose tag requirement the image meets is the only one that may act on it.
    private func owner(of image: LifecycleImage) -> Rule? {
        rules.filter { meets(image, $0) }.min { $0.priority < $1.priority }
    }

    private func meets(_ image: LifecycleImage, _ rule: Rule) -> Bool {
        if rule.isArchive != (image.archivedAt != nil) { return false }
        if rule.tagStatus == "any" { return true }
        if rule.tagStatus == "untagged" { return image.tags.count == 0 }
        // (7) Each of the list must match some tag.
        for prefix in rule.prefixes {
            var found = false
            for tag in image.tags where tag.hasPrefix(prefix) { found = true }
            if !found { return false }
        }
        for pattern in rule.patterns {
            var found = false
            for tag in image.tags where Self.matches(Array(pattern), Array(tag)) { found = true }
            if !found { return false }
        }
        return true
    }

    /// Whether a pattern matches: a star stands for nothing, or for one character and a star.
    private static func matches(_ pattern: [Character], _ tag: [Character]) -> Bool {
        guard let first = pattern.first else { return tag.isEmpty }
        let rest = Array(pattern.dropFirst())
        if first == "*" { return matches(rest, tag) || (!tag.isEmpty && matches(pattern, Array(tag.dropFirst()))) }
        return tag.first == first && matches(rest, Array(tag.dropFirst()))
    }

    /// (1), (5), (8): whether the rule alone would act on the image, all others being there.
    private func isCandidate(_ image: LifecycleImage, of rule: Rule) -> Bool {
        switch rule.countType {
        case "imageCountMoreThan":
            var younger = 0
            for other in images where meets(other, rule) {
                let (one, two) = (Self.nanoseconds(other.pushedAt), Self.nanoseconds(image.pushedAt))
                if one > two || (one == two && other.digest.hex > image.digest.hex) { younger += 1 }
            }
            return younger >= rule.number
        case "sinceImagePushed": return age(image.pushedAt) > days(rule.number)
        case "sinceImagePulled":
            // The last pull, else the push; a return from the archive counts as a pull.
            let uses = [image.lastPulledAt, image.activatedAt].compactMap { $0 }.map { age($0) }
            return (uses.min() ?? age(image.pushedAt)) > days(rule.number)
        default: return age(image.archivedAt ?? now) > days(rule.number)
        }
    }

    private static func nanoseconds(_ time: Timestamp) -> Int {
        Int(time.seconds) * 1_000_000_000 + Int(time.nanoseconds)
    }

    private func age(_ time: Timestamp) -> Int { Self.nanoseconds(now) - Self.nanoseconds(time) }

    private func days(_ number: Int) -> Int { number * 24 * 60 * 60 * 1_000_000_000 }
}
