import OCISpec
import Testing

/// The grammar of lifecycle policies.
struct LifecyclePolicyTests {
    private typealias Samples = LifecycleSamples

    @Test func aWholePolicyIsRead() throws {
        let text = Samples.text(
            """
            {"rulePriority": 20, "description": "the rest", "action": {"type": "expire"},
             "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 100}}
            """,
            Samples.rule(3, "tagged", Samples.since("Pushed", 14, Samples.patterns("prod*", "*-v1.*"))),
            Samples.rule(4, "tagged", Samples.since("Pulled", 30, Samples.prefixes("dev")), action: Samples.transition),
            Samples.rule(5, "untagged", Samples.count(1, "\"storageClass\": \"standard\", ")),
            Samples.rule(6, "any", Samples.since("Transitioned", 90, Samples.archive)))
        let policy = try LifecyclePolicy(text: text)
        #expect(policy.text == text)
        #expect(policy.rules.map(\.priority) == [3, 4, 5, 6, 20])
        #expect(policy.rules.map(\.description) == [nil, nil, nil, nil, "the rest"])
        #expect(policy.rules.map(\.action) == [.expire, .transition, .expire, .expire, .expire])
        #expect(policy.rules.map(\.selection.storageClass) == [.standard, .standard, .standard, .archive, .standard])
        let counts: [LifecyclePolicy.Count] = [
            .sinceImagePushed(days: 14), .sinceImagePulled(days: 30), .imageCountMoreThan(1),
            .sinceImageTransitioned(days: 90), .imageCountMoreThan(100),
        ]
        #expect(policy.rules.map(\.selection.count) == counts)
        let patterns = ["prod*", "*-v1.*"].compactMap { TagPattern($0) }
        #expect(policy.rules[0].selection.tags == .patterns(patterns))
        #expect(policy.rules[1].selection.tags == .prefixes(["dev"]))
    }

    /// A text, and what its error says: the member, the rule, and what is wrong.
    static let invalid: [(text: String, path: String, priority: Int?, reason: String)] = {
        let plain = Samples.count(1)
        func one(_ rule: String) -> String { Samples.text(rule) }
        func of(_ member: String) -> String { "rules[0].selection.\(member)" }
        var all: [(text: String, path: String, priority: Int?, reason: String)] = [
            ("{}", "", nil, "it has 2 characters"),
            (String(repeating: " ", count: 30_721), "", nil, "it has 30721 characters"),
            (String(repeating: "x", count: 100), "", nil, "line 1, column 1"),
            (Samples.text() + "]", "", nil, "line 1"),
            (String(repeating: " ", count: 100) + "[]", "", nil, "expected an object"),
            (String(repeating: " ", count: 100) + "{}", "rules", nil, "the member is missing"),
            (String(repeating: " ", count: 100) + "{\"rules\": [], \"version\": 1}", "version", nil, "no such member"),
            (Samples.text(), "rules", nil, "it has 0 rules; expected 1 to 50"),
            (one("7"), "rules[0]", nil, "expected an object"),
            (one(Samples.rule(0, "any", plain)), "rules[0].rulePriority", nil, "it is 0; expected 1 to"),
            (one(Samples.rule(-1, "any", plain)), "rules[0].rulePriority", nil, "it is -1"),
            (one("{\"rulePriority\": \"1\"}"), "rules[0].rulePriority", nil, "expected an integer"),
            (one("{\"rulePriority\": 1.0}"), "rules[0].rulePriority", nil, "expected an integer"),
            (one("{\"rulePriority\": 3}"), "rules[0].selection", 3, "the member is missing"),
            (one("{\"rulePriority\": 3, \"selection\": 1}"), "rules[0].selection", 3, "expected an object"),
            (one("{\"rulePriority\": 3, \"prio\": 1}"), "rules[0].prio", 3, "there is no such member"),
            (one("{\"rulePriority\": 3, \"description\": null}"), "rules[0].description", 3, "it is null"),
            (one("{\"rulePriority\": 3, \"description\": 5}"), "rules[0].description", 3, "expected a string"),
            (one(Samples.rule(9, "some", plain)), of("tagStatus"), 9, "\"some\" is unknown; expected tagged, untagged"),
            (one(Samples.rule(9, "Tagged", plain)), of("tagStatus"), 9, "\"Tagged\" is unknown"),
            (one(Samples.rule(9, "tagged", plain)), of("tagStatus"), 9, "needs a tagPatternList or a tagPrefixList"),
            (
                one(Samples.rule(9, "untagged", Samples.prefixes("a") + plain)), of("tagPrefixList"), 9,
                "only tagStatus tagged takes it"
            ),
            (
                one(Samples.rule(9, "untagged", Samples.patterns("a") + plain)), of("tagPatternList"), 9,
                "only tagStatus tagged takes it"
            ),
            (one(Samples.rule(9, "any", Samples.patterns("a") + plain)), of("tagPatternList"), 9, "only tagStatus"),
            (
                one(Samples.rule(9, "tagged", Samples.patterns("a") + Samples.prefixes("a") + plain)),
                of("tagPrefixList"), 9, "either this or a tagPatternList"
            ),
            (one(Samples.rule(9, "tagged", "\"tagPatternList\": [], " + plain)), of("tagPatternList"), 9, "is empty"),
            (one(Samples.rule(9, "tagged", Samples.prefixes("a", "") + plain)), of("tagPrefixList[1]"), 9, "is empty"),
            (
                one(Samples.rule(9, "tagged", Samples.patterns("*a*b*c*", "*a*b*c*d*") + plain)),
                of("tagPatternList[1]"), 9, "\"*a*b*c*d*\" has more than 4 stars"
            ),
            (one(Samples.rule(9, "any", "\"countType\": \"x\"")), of("countType"), 9, "expected imageCountMoreThan, "),
            (one(Samples.rule(9, "any", "\"countNumber\": 1")), of("countType"), 9, "the member is missing"),
            (
                one(Samples.rule(9, "any", "\"countType\": \"imageCountMoreThan\"")), of("countNumber"), 9,
                "the member is missing"
            ),
            (one(Samples.rule(9, "any", Samples.count(0))), of("countNumber"), 9, "it is 0; expected 1"),
            (one(Samples.rule(9, "any", Samples.count(1 << 40))), of("countNumber"), 9, "expected 1 to 2147483647"),
            (one(Samples.rule(9, "any", "\"countUnit\": \"days\", " + plain)), of("countUnit"), 9, "does not take it"),
            (
                one(Samples.rule(9, "any", "\"countType\": \"sinceImagePushed\", \"countNumber\": 1")),
                of("countUnit"), 9, "countType sinceImagePushed needs it"
            ),
            (
                one(Samples.rule(9, "any", "\"countUnit\": \"weeks\", " + "\"countType\": \"sinceImagePushed\"")),
                of("countUnit"), 9, "\"weeks\" is unknown; expected days"
            ),
            (
                one(Samples.rule(9, "any", "\"storageClass\": \"cold\", " + plain)), of("storageClass"), 9,
                "\"cold\" is unknown; expected standard, archive"
            ),
            (one(Samples.rule(9, "any", Samples.since("Transitioned", 90))), of("storageClass"), 9, "needs archive"),
            (
                one(Samples.rule(9, "any", Samples.since("Transitioned", 89, Samples.archive))), of("countNumber"), 9,
                "an archived image stays at least 90 days"
            ),
            (one(Samples.rule(9, "any", Samples.archive + plain)), of("storageClass"), 9, "only countType since"),
            (
                one(
                    Samples.rule(
                        9, "any", Samples.since("Transitioned", 90, Samples.archive), action: Samples.transition)),
                "rules[0].action.type", 9, "transition starts from storage class standard"
            ),
            (one(Samples.rule(9, "any", plain, action: "{\"type\": \"keep\"}")), "rules[0].action.type", 9, "unknown"),
            (
                one(Samples.rule(9, "any", plain, action: "{\"type\": \"transition\"}")),
                "rules[0].action.targetStorageClass", 9, "type transition needs it"
            ),
            (
                one(Samples.rule(9, "any", plain, action: "{\"type\": \"expire\", \"targetStorageClass\": null}")),
                "rules[0].action.targetStorageClass", 9, "it is null"
            ),
            (
                one(
                    Samples.rule(9, "any", plain, action: "{\"type\": \"expire\", \"targetStorageClass\": \"archive\"}")
                ),
                "rules[0].action.targetStorageClass", 9, "type expire does not take it"
            ),
            (
                one(
                    Samples.rule(
                        9, "any", plain, action: "{\"type\": \"transition\", \"targetStorageClass\": \"standard\"}")),
                "rules[0].action.targetStorageClass", 9, "\"standard\" is unknown; expected archive"
            ),
        ]
        let untagged = Samples.rule(1, "untagged", plain)
        let tagged = Samples.rule(6, "tagged", Samples.patterns("a") + plain)
        all += [
            (Samples.text(untagged, Samples.rule(1, "any", plain)), "rules[1].rulePriority", 1, "another rule has"),
            (
                Samples.text(untagged, Samples.rule(2, "untagged", Samples.since("Pushed", 1))),
                "rules[1].selection.tagStatus", 2, "rule 1 selects untagged images already"
            ),
            (
                Samples.text(Samples.rule(1, "any", plain), Samples.rule(2, "any", plain)),
                "rules[1].selection.tagStatus", 2, "rule 1 selects any image already"
            ),
            (
                Samples.text(untagged, Samples.rule(5, "any", plain), tagged), "rules[1].rulePriority", 5,
                "rule 6 has a higher one"
            ),
        ]
        let many = (1...51).map { Samples.rule($0, "tagged", Samples.prefixes("a") + plain) }.joined(separator: ",")
        all.append((Samples.text(many), "rules", nil, "it has 51 rules; expected 1 to 50"))
        return all
    }()

    @Test(arguments: invalid.indices)
    func anErrorNamesTheRuleAndTheMember(_ index: Int) throws {
        let (text, path, priority, reason) = Self.invalid[index]
        do throws(InvalidLifecyclePolicy) {
            _ = try LifecyclePolicy(text: text)
            Issue.record("accepted: \(text)")
        } catch {
            #expect(error.path == path && error.priority == priority, "\(error) of \(text)")
            #expect(error.reason.contains(reason), "\(error) of \(text)")
        }
    }

    @Test func theErrorReadsAsAmazonsDoes() throws {
        let text = Samples.text(Samples.rule(7, "any", Samples.count(0)))
        let error = try #require(throws: InvalidLifecyclePolicy.self) { try LifecyclePolicy(text: text) }
        #expect(
            error.parameterMessage == "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
                + "'Lifecycle policy validation failure: rules[0].selection.countNumber (rule 7): it is 0; "
                + "expected 1 to 2147483647'")
    }

    @Test func theLengthsAndTheNumberOfRulesAreInclusive() throws {
        let rule = Samples.rule(1, "any", Samples.count(1))
        let bare = "{\"rules\": [\(rule)]}"
        for length in [100, 30_720] where length >= bare.count {
            _ = try LifecyclePolicy(text: bare + String(repeating: " ", count: length - bare.count))
        }
        let rules = (1...50).map { Samples.rule($0, "tagged", Samples.prefixes("a") + Samples.count(1)) }
        try #expect(LifecyclePolicy(text: Samples.text(rules.joined(separator: ","))).rules.count == 50)
    }

    @Test func eachStorageClassHasRulesOfItsOwn() throws {
        let old = Samples.since("Transitioned", 100, Samples.archive)
        let policy = try LifecyclePolicy(
            text: Samples.text(
                Samples.rule(1, "any", Samples.since("Pulled", 30), action: Samples.transition),
                Samples.rule(2, "untagged", old), Samples.rule(3, "any", old)))
        #expect(policy.rules.count == 3)
    }

    @Test(arguments: [
        ("prod", "prod", true), ("prod", "prod-1", false), ("prod*", "prod", true), ("prod*", "my-prod", false),
        ("*prod", "my-prod", true), ("*", "", true), ("*", "x", true), ("a*a", "a", false), ("a*a", "aa", true),
        ("a*b*c", "a-b-c", true), ("a*b*c", "acb", false), ("*a*a*a*", "aa", false), ("*a*a*a*", "bacada", true),
        ("v1.*", "v1x0", false), ("V*", "v1", false), ("**", "x", true), ("a*bc*bc", "a-bc", false), ("é*", "é1", true),
    ])
    func aPatternMatchesWholeTags(pattern: String, tag: String, isMatch: Bool) throws {
        #expect(try #require(TagPattern(pattern)).matches(tag) == isMatch)
    }
}
