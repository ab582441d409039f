import OCISpec
import Testing

/// The sentences of Amazon's evaluation, one by one, and the cases that trip evaluators.
struct LifecycleEvaluationTests {
    private typealias Samples = LifecycleSamples

    /// What a policy does, as `number: action by priority`, the oldest first.
    private func decide(
        _ rules: String..., images: [LifecycleImage], at now: Timestamp = LifecycleSamples.now
    ) throws -> [String] {
        let policy = try LifecyclePolicy(text: Samples.text(rules.joined(separator: ", ")))
        return policy.decisions(on: images, at: now).map { decision in
            let number = Int(decision.image.digest.hex.suffix(8), radix: 16) ?? -1
            return "\(number): \(decision.action) by \(decision.rulePriority)"
        }
    }

    // MARK: - The sentences

    @Test func candidatesAreFoundAsIfNothingHadExpired() throws {
        // Rule 1 takes 1 and 2; rule 2 counts them all the same, so that 3 is the fourth youngest.
        let images = try (1...5).map { try Samples.image($0, $0 < 3 ? ["alpha"] : ["x"], days: 10 - $0) }
        let found = try decide(
            Samples.rule(1, "tagged", Samples.since("Pushed", 2, Samples.patterns("alpha"))),
            Samples.rule(2, "any", Samples.count(2)), images: images)
        #expect(found == ["1: expire by 1", "2: expire by 1", "3: expire by 2"])
    }

    @Test func theLowestNumberIsAppliedFirst() throws {
        let images = [try Samples.image(1, ["a"], days: 9)]
        let (first, second) = (
            Samples.rule(10, "tagged", Samples.since("Pushed", 5, Samples.patterns("a"))),
            Samples.rule(2, "tagged", Samples.since("Pushed", 5, Samples.prefixes("a")))
        )
        try #expect(decide(first, second, images: images) == ["1: expire by 2"])
        try #expect(decide(second, first, images: images) == ["1: expire by 2"])
    }

    @Test func anImageIsActedOnOnce() throws {
        let images = [try Samples.image(1, ["a"], days: 9), try Samples.image(2, ["a"], days: 8)]
        let found = try decide(
            Samples.rule(1, "tagged", Samples.count(1, Samples.patterns("a")), action: Samples.transition),
            Samples.rule(2, "any", Samples.since("Pushed", 1)), images: images)
        #expect(found == ["1: transition by 1"])
    }

    @Test func whatMeetsTheRequirementOfAFirstRuleIsSafeFromLaterOnes() throws {
        let images = [try Samples.image(1, ["keep"], days: 900), try Samples.image(2, [], days: 900)]
        let found = try decide(
            Samples.rule(1, "tagged", Samples.count(1000, Samples.patterns("keep"))),
            Samples.rule(2, "untagged", Samples.count(7)), Samples.rule(3, "any", Samples.since("Pushed", 1)),
            images: images)
        #expect(found == [])
    }

    @Test func theOrderIsByPushTimeAndTheSameEachTime() throws {
        let days = [3, 1, 2, 2]
        let images = try days.indices.map { try Samples.image($0 + 1, ["a"], days: days[$0], pulled: $0) }
        let rule = Samples.rule(1, "any", Samples.count(2))
        // 2 is the youngest; of 3 and 4, pushed at the same instant, the higher digest counts as younger.
        for order in [images, images.reversed(), [images[3], images[0], images[2], images[1]]] {
            try #expect(decide(rule, images: order) == ["1: expire by 1", "3: expire by 1"])
        }
    }

    @Test func allPrefixesOfAListMustBeThere() throws {
        let images = [
            try Samples.image(1, ["prod-1", "staging-1"], days: 9), try Samples.image(2, ["prod-2"], days: 9),
            try Samples.image(3, ["staging-2"], days: 9), try Samples.image(4, ["production"], days: 9),
        ]
        for list in [Samples.prefixes("prod", "staging"), Samples.patterns("prod*", "staging*")] {
            try #expect(
                decide(Samples.rule(1, "tagged", Samples.since("Pushed", 1, list)), images: images)
                    == ["1: expire by 1"])
        }
        // One tag may meet several.
        try #expect(
            decide(
                Samples.rule(1, "tagged", Samples.since("Pushed", 1, Samples.prefixes("prod", "produ"))),
                images: images) == ["4: expire by 1"])
    }

    @Test func aCountActsOnAllBehindTheYoungest() throws {
        let images = try (1...5).map { try Samples.image($0, [], days: 10 - $0) }
        let found = try decide(Samples.rule(1, "untagged", Samples.count(3)), images: images)
        #expect(found == ["1: expire by 1", "2: expire by 1"])
        try #expect(decide(Samples.rule(1, "untagged", Samples.count(5)), images: images) == [])
    }

    @Test func thePullCountsAndWithoutOneThePush() throws {
        let images = [
            try Samples.image(1, ["a"], days: 100, pulled: 5), try Samples.image(2, ["a"], days: 100, pulled: 50),
            try Samples.image(3, ["a"], days: 100), try Samples.image(4, ["a"], days: 5),
            try Samples.image(5, ["a"], days: 100, pulled: 90, activated: 3),
            try Samples.image(6, ["a"], days: 100, activated: 3),
        ]
        let found = try decide(
            Samples.rule(1, "any", Samples.since("Pulled", 30), action: Samples.transition), images: images)
        #expect(found == ["2: transition by 1", "3: transition by 1"])
    }

    @Test func theArchiveIsEmptiedByItsOwnRulesOnly() throws {
        let images = [
            try Samples.image(1, ["a"], days: 900, archived: 91), try Samples.image(2, ["a"], days: 900, archived: 90),
            try Samples.image(3, ["a"], days: 900), try Samples.image(4, [], days: 900, archived: 400),
        ]
        let found = try decide(
            Samples.rule(1, "any", Samples.count(1)),
            Samples.rule(2, "any", Samples.since("Transitioned", 90, Samples.archive)), images: images)
        // Archived images do not count beside the others, either: 3 is the youngest of its class.
        #expect(found == ["1: expire by 2", "4: expire by 2"])
    }

    @Test func anImageStaysWhileItsIndexDoes() throws {
        let images = [
            try Samples.image(1, [], days: 30), try Samples.image(2, [], days: 30),
            try Samples.image(3, ["v1"], days: 1, children: [1]), try Samples.image(4, ["v0"], days: 30, children: [2]),
        ]
        try #expect(decide(Samples.rule(1, "untagged", Samples.since("Pushed", 7)), images: images) == [])
        // With the index of 2 its image goes, too.
        let found = try decide(Samples.rule(1, "any", Samples.since("Pushed", 7)), images: images)
        #expect(found == ["2: expire by 1", "4: expire by 1"])
    }

    @Test func anIndexOfAnIndexKeepsWhatIsBelow() throws {
        let images = [
            try Samples.image(1, [], days: 30), try Samples.image(2, [], days: 30, children: [1]),
            try Samples.image(3, ["top"], days: 1, children: [2]),
        ]
        try #expect(decide(Samples.rule(1, "untagged", Samples.since("Pushed", 7)), images: images) == [])
        // In whatever order they come.
        try #expect(decide(Samples.rule(1, "untagged", Samples.since("Pushed", 7)), images: images.reversed()) == [])
    }

    @Test func whatAnArchivedIndexNeedsMayBeArchivedAndDoesNotExpire() throws {
        let images = [
            try Samples.image(1, [], days: 30), try Samples.image(2, ["old"], days: 90, archived: 5, children: [1]),
        ]
        try #expect(decide(Samples.rule(1, "untagged", Samples.since("Pushed", 7)), images: images) == [])
        let found = try decide(
            Samples.rule(1, "untagged", Samples.since("Pushed", 7), action: Samples.transition), images: images)
        #expect(found == ["1: transition by 1"])
    }

    // MARK: - The cases that trip evaluators

    @Test func anImageOfTwoTagsBelongsToTheFirstRule() throws {
        let images = [
            try Samples.image(1, ["prod-1", "sha-abc"], days: 9), try Samples.image(2, ["sha-def"], days: 8),
            try Samples.image(3, ["sha-012"], days: 7),
        ]
        let found = try decide(
            Samples.rule(1, "tagged", Samples.count(10, Samples.patterns("prod*"))),
            Samples.rule(2, "tagged", Samples.count(1, Samples.patterns("sha-*"))), images: images)
        #expect(found == ["2: expire by 2"])
    }

    @Test func aWholeImageGoesByOneOfItsTags() throws {
        let images = [try Samples.image(1, ["sha-abc", "v1.2"], days: 9), try Samples.image(2, ["v1.1"], days: 99)]
        let rule = Samples.rule(1, "tagged", Samples.since("Pushed", 5, Samples.patterns("sha*")))
        let policy = try LifecyclePolicy(text: Samples.text(rule))
        let decisions = policy.decisions(on: images, at: Samples.now)
        #expect(decisions.map(\.image.tags) == [["sha-abc", "v1.2"]])
    }

    @Test func aCountOfOneAndAnyOfThreeOverFiveImages() throws {
        let images = try (1...5).map { try Samples.image($0, $0.isMultiple(of: 2) ? ["b"] : ["a"], days: 10 - $0) }
        let found = try decide(
            Samples.rule(1, "tagged", Samples.count(1, Samples.patterns("a"))),
            Samples.rule(2, "any", Samples.count(3)), images: images)
        // 1, 3 and 5 belong to rule 1, which keeps 5; of 2 and 4, the second and the fourth, only 2 is behind three others.
        #expect(found == ["1: expire by 1", "2: expire by 2", "3: expire by 1"])
    }

    @Test func aStarProtectsAllThatIsTagged() throws {
        let images = [try Samples.image(1, ["x"], days: 99), try Samples.image(2, [], days: 99)]
        let found = try decide(
            Samples.rule(1, "tagged", Samples.count(1000, Samples.patterns("*"))),
            Samples.rule(2, "any", Samples.since("Pushed", 1)), images: images)
        #expect(found == ["2: expire by 2"])
    }

    @Test func anAgeOnTheBoundaryIsNotMore() throws {
        let pushed = try Samples.ago(14)
        func images(_ timestamp: Timestamp?) throws -> [LifecycleImage] {
            [LifecycleImage(digest: try Samples.digest(1), tags: [], pushedAt: try #require(timestamp))]
        }
        let rule = Samples.rule(1, "any", Samples.since("Pushed", 14))
        try #expect(decide(rule, images: images(pushed)) == [])
        let before = Timestamp(seconds: pushed.seconds - 1, nanoseconds: 999_999_999)
        try #expect(decide(rule, images: images(before)) == ["1: expire by 1"])
        let after = Timestamp(seconds: pushed.seconds, nanoseconds: 1)
        try #expect(decide(rule, images: images(after)) == [])
        // A clock that was set back makes nothing old.
        let future = Timestamp(seconds: Samples.now.seconds + 1_000_000)
        try #expect(decide(rule, images: images(future)) == [])
    }
}
