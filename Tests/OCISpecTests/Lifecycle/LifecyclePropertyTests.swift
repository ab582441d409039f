import OCISpec
import Testing

/// Random policies over random repositories: the evaluator against the slow one.
struct LifecyclePropertyTests {
    private typealias Rule = LifecycleOracle.Rule

    private static let words = ["prod", "prod-1", "sha-abc", "staging", "v1.2", "a", "aa", "aba", "abab"]
    private static let patterns = [
        "*", "prod*", "*prod*", "sha-*", "v*", "v1.2", "a*a", "*a*b*", "a*b*a*b", "*a*a*a*", "**", "x*", "*-*", "*2",
    ]
    private static let prefixes = ["p", "prod", "sha", "v1", "a", "ab", "aba", "staging", "x"]

    @Test(arguments: 0..<8)
    func bothEvaluatorsSayTheSame(part: Int) throws {
        for seed in (part * 1000)..<(part * 1000 + 1000) {
            var generator = SeededGenerator(seed: UInt64(seed))
            let images = try Self.images(&generator)
            let rules = Self.rules(&generator)
            let oracle = LifecycleOracle(rules: rules, images: images, now: LifecycleSamples.now)
            let text = "{\"rules\":[\(rules.map(\.text).joined(separator: ","))]}" + String(repeating: " ", count: 100)
            let policy = try LifecyclePolicy(text: text)
            let decisions = policy.decisions(on: images.shuffled(using: &generator), at: oracle.now)
            let found = decisions.map { ($0.image.digest, "\($0.action) by \($0.rulePriority)") }
            let expected = oracle.outcome()
            let byDigest = Dictionary(found, uniquingKeysWith: { first, _ in first })
            guard found.count == expected.count, byDigest == expected else {
                let shown = images.map { "\($0.digest.hex.suffix(4)) \($0)" }.joined(separator: "\n")
                Issue.record("seed \(seed): found \(found), expected \(expected)\n\(text)\n\(shown)")
                return
            }
        }
    }

    /// The generator is worth something only if all kinds of outcomes come of it.
    @Test func theRandomPoliciesDoSomething() throws {
        var outcomes: [String: Int] = [:]
        for seed in 0..<1000 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let images = try Self.images(&generator)
            let oracle = LifecycleOracle(
                rules: Self.rules(&generator), images: images, now: LifecycleSamples.now)
            let outcome = oracle.outcome()
            for what in outcome.values { outcomes[String(what.prefix { $0 != " " }), default: 0] += 1 }
            outcomes["stays", default: 0] += images.count - outcome.count
        }
        for what in ["expire", "transition", "stays"] { #expect(outcomes[what, default: 0] > 300, "\(outcomes)") }
    }

    private static func images(_ generator: inout SeededGenerator) throws -> [LifecycleImage] {
        let count = Int.random(in: 0...14, using: &generator)
        return try (0..<count).map { number in
            var image = LifecycleImage(
                digest: try LifecycleSamples.digest(number + 1), tags: [], pushedAt: try time(&generator))
            if Int.random(in: 0..<3, using: &generator) > 0 {
                image.tags = (0...Int.random(in: 0...2, using: &generator)).compactMap { _ in
                    words.randomElement(using: &generator)
                }
            }
            if Bool.random(using: &generator) { image.lastPulledAt = try time(&generator) }
            switch Int.random(in: 0..<8, using: &generator) {
            case 0, 1: image.archivedAt = try time(&generator)
            case 2: image.activatedAt = try time(&generator)
            default: break
            }
            // A digest is that of what it refers to, so that only earlier ones can be named.
            if number > 0, Int.random(in: 0..<4, using: &generator) == 0 {
                image.children = try (0...Int.random(in: 0...2, using: &generator)).map { _ in
                    try LifecycleSamples.digest(Int.random(in: 1...number, using: &generator))
                }
            }
            return image
        }
    }

    /// Often on a boundary, or a nanosecond beside it, or just when another image was.
    private static func time(_ generator: inout SeededGenerator) throws -> Timestamp {
        let days = [1, 2, 3, 7, 14, 89, 90, 91, 120, -1].randomElement(using: &generator) ?? 1
        let seconds = LifecycleSamples.now.seconds - Int64(days) * 86_400
        let (shift, nanoseconds): (Int64, UInt32) =
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: (-1, 999_999_999)
            case 1: (0, 1)
            case 2: (Int64.random(in: -90_000...90_000, using: &generator), 5)
            default: (0, 0)
            }
        return try #require(Timestamp(seconds: seconds + shift, nanoseconds: nanoseconds))
    }

    private static func rules(_ generator: inout SeededGenerator) -> [Rule] {
        var rules: [Rule] = []
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            rules.append(rule("tagged", &generator))
        }
        for status in ["untagged", "any"] {
            for isArchive in [false, true] where Bool.random(using: &generator) {
                rules.append(rule(status, isArchive: isArchive, &generator))
            }
        }
        // Any numbers, as long as `any` comes last; they may be written down in any order.
        var numbers = (1...40).shuffled(using: &generator).prefix(rules.count).sorted()
        let last = rules.filter { $0.tagStatus == "any" }
        var others = rules.filter { $0.tagStatus != "any" }.shuffled(using: &generator)
        others += last
        for place in others.indices { others[place].priority = numbers.removeFirst() }
        return others.shuffled(using: &generator)
    }

    private static func rule(_ status: String, isArchive: Bool? = nil, _ generator: inout SeededGenerator) -> Rule {
        let isArchive = isArchive ?? (Int.random(in: 0..<4, using: &generator) == 0)
        let types = ["imageCountMoreThan", "imageCountMoreThan", "sinceImagePushed", "sinceImagePulled"]
        let type = isArchive ? "sinceImageTransitioned" : types.randomElement(using: &generator) ?? types[0]
        let numbers = isArchive ? [90, 91, 120] : [1, 2, 3, 7, 14]
        var rule = Rule(
            priority: 0, tagStatus: status, isArchive: isArchive, countType: type,
            number: numbers.randomElement(using: &generator) ?? 1,
            action: !isArchive && Int.random(in: 0..<3, using: &generator) == 0 ? "transition" : "expire")
        guard status == "tagged" else { return rule }
        let list = Bool.random(using: &generator) ? patterns : prefixes
        let chosen = (0...Int.random(in: 0...2, using: &generator) / 2).compactMap { _ in
            list.randomElement(using: &generator)
        }
        if list == patterns { rule.patterns = chosen } else { rule.prefixes = chosen }
        return rule
    }
}
