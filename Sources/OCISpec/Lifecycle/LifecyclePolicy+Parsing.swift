extension LifecyclePolicy {
    /// How many characters a text may have.
    public static let lengths = 100...30_720
    /// The most rules.
    public static let mostRules = 50
    /// How many days an archived image stays at least.
    public static let leastDaysInArchive = 90

    /// Reads a policy and checks all of it.
    ///
    /// - Throws: `InvalidLifecyclePolicy` that names the rule and the member.
    public init(text: String) throws(InvalidLifecyclePolicy) {
        let length = text.unicodeScalars.count
        guard Self.lengths.contains(length) else {
            throw InvalidLifecyclePolicy(
                JSONError(
                    "it has \(length) characters; expected \(Self.lengths.lowerBound) to \(Self.lengths.upperBound)"))
        }
        let elements: [JSONValue]
        do throws(JSONError) {
            let object = try JSONValue(parsing: Array(text.utf8), limits: JSONLimits(bytes: 4 * length)).object()
            try object.allow(only: ["rules"])
            elements = try object.required("rules")
            guard !elements.isEmpty, elements.count <= Self.mostRules else {
                throw JSONError("it has \(elements.count) rules; expected 1 to \(Self.mostRules)")
                    .within(member: "rules")
            }
        } catch {
            throw InvalidLifecyclePolicy(error)
        }
        var rules: [Rule] = []
        for (index, element) in elements.enumerated() {
            do throws(JSONError) {
                let rule = try Rule(element)
                try Self.check(rule, beside: rules)
                rules.append(rule)
            } catch {
                let priority = try? Rule.priority(element)
                throw InvalidLifecyclePolicy(error.within(index: index).within(member: "rules"), priority: priority)
            }
        }
        try Self.checkOrder(rules)
        self.init(rules: rules.sorted { $0.priority < $1.priority }, text: text)
    }

    /// Refuses a rule that another one leaves no place for.
    private static func check(_ rule: Rule, beside others: [Rule]) throws(JSONError) {
        guard !others.contains(where: { $0.priority == rule.priority }) else {
            throw JSONError("another rule has priority \(rule.priority); each needs one of its own")
                .within(member: "rulePriority")
        }
        for word in [TagRequirement.untagged, .any] where rule.selection.tags == word {
            let other = others.first {
                $0.selection.tags == word && $0.selection.storageClass == rule.selection.storageClass
            }
            guard let other else { continue }
            throw JSONError("rule \(other.priority) selects \(word == .any ? "any image" : "untagged images") already")
                .within(member: "tagStatus").within(member: "selection")
        }
    }

    /// Refuses a rule behind the one that is about any image: it would never be asked.
    private static func checkOrder(_ rules: [Rule]) throws(InvalidLifecyclePolicy) {
        for (index, rule) in rules.enumerated() where rule.selection.tags == .any {
            let later = rules.first {
                $0.selection.storageClass == rule.selection.storageClass && $0.priority > rule.priority
            }
            guard let later else { continue }
            let error = JSONError(
                "a rule of tagStatus any needs the highest number, and rule \(later.priority) has a higher one")
            throw InvalidLifecyclePolicy(
                error.within(member: "rulePriority").within(index: index).within(member: "rules"),
                priority: rule.priority)
        }
    }
}

extension LifecyclePolicy.Rule {
    fileprivate static func priority(_ json: JSONValue) throws(JSONError) -> Int {
        try json.object().number("rulePriority", from: 1)
    }

    fileprivate init(_ json: JSONValue) throws(JSONError) {
        let object = try json.object()
        try object.allow(only: ["rulePriority", "description", "selection", "action"])
        priority = try Self.priority(json)
        description = try object.optional("description")
        let selected: JSONValue = try object.required("selection")
        do throws(JSONError) {
            selection = try LifecyclePolicy.Selection(selected.object())
        } catch {
            throw error.within(member: "selection")
        }
        let act: JSONValue = try object.required("action")
        do throws(JSONError) {
            action = try LifecyclePolicy.Action(act.object(), on: selection)
        } catch {
            throw error.within(member: "action")
        }
    }
}

extension LifecyclePolicy.Selection {
    fileprivate init(_ object: JSONObject) throws(JSONError) {
        try object.allow(only: [
            "tagStatus", "tagPatternList", "tagPrefixList", "storageClass", "countType", "countUnit", "countNumber",
        ])
        tags = try LifecyclePolicy.TagRequirement(object)
        let storage: LifecyclePolicy.StorageClass? = try object.word("storageClass")
        storageClass = storage ?? .standard
        count = try LifecyclePolicy.Count(object)
        if case .sinceImageTransitioned(let days) = count {
            guard storage == .archive else {
                throw JSONError("countType sinceImageTransitioned needs archive").within(member: "storageClass")
            }
            guard days >= LifecyclePolicy.leastDaysInArchive else {
                throw JSONError("an archived image stays at least \(LifecyclePolicy.leastDaysInArchive) days")
                    .within(member: "countNumber")
            }
        } else if storage == .archive {
            throw JSONError("only countType sinceImageTransitioned selects archived images")
                .within(member: "storageClass")
        }
    }
}

extension LifecyclePolicy.TagRequirement {
    private enum Status: String, CaseIterable { case tagged, untagged, any }

    fileprivate init(_ object: JSONObject) throws(JSONError) {
        let status: Status = try object.requiredWord("tagStatus")
        let patterns = try Self.texts("tagPatternList", object)
        let prefixes = try Self.texts("tagPrefixList", object)
        let given = patterns == nil ? "tagPrefixList" : "tagPatternList"
        switch (status, patterns, prefixes) {
        case (.tagged, let patterns?, nil): self = .patterns(try Self.read(patterns))
        case (.tagged, nil, let prefixes?): self = .prefixes(prefixes)
        case (.tagged, nil, nil):
            throw JSONError("tagStatus tagged needs a tagPatternList or a tagPrefixList").within(member: "tagStatus")
        case (.tagged, _?, _?):
            throw JSONError("a rule has either this or a tagPatternList").within(member: "tagPrefixList")
        case (.untagged, nil, nil): self = .untagged
        case (.any, nil, nil): self = .any
        case (.untagged, _, _), (.any, _, _):
            throw JSONError("only tagStatus tagged takes it").within(member: given)
        }
    }

    private static func texts(_ name: String, _ object: JSONObject) throws(JSONError) -> [String]? {
        guard let texts: [String] = try object.optional(name) else { return nil }
        guard !texts.isEmpty else { throw JSONError("it is empty").within(member: name) }
        if let index = texts.firstIndex(of: "") {
            throw JSONError("it is empty").within(index: index).within(member: name)
        }
        return texts
    }

    private static func read(_ texts: [String]) throws(JSONError) -> [TagPattern] {
        var patterns: [TagPattern] = []
        for (index, text) in texts.enumerated() {
            guard let pattern = TagPattern(text) else {
                throw JSONError(
                    "\(JSONError.quoted(text)) has more than \(TagPattern.mostWildcards) stars"
                ).within(index: index).within(member: "tagPatternList")
            }
            patterns.append(pattern)
        }
        return patterns
    }
}

extension LifecyclePolicy.Count {
    private enum Kind: String, CaseIterable {
        case imageCountMoreThan, sinceImagePushed, sinceImagePulled, sinceImageTransitioned
    }

    private enum Unit: String, CaseIterable { case days }

    fileprivate init(_ object: JSONObject) throws(JSONError) {
        let kind: Kind = try object.requiredWord("countType")
        let unit: Unit? = try object.word("countUnit")
        let number = try object.number("countNumber", from: 1)
        guard (unit == nil) == (kind == .imageCountMoreThan) else {
            throw JSONError(
                unit == nil ? "countType \(kind.rawValue) needs it" : "countType imageCountMoreThan does not take it"
            ).within(member: "countUnit")
        }
        self =
            switch kind {
            case .imageCountMoreThan: .imageCountMoreThan(number)
            case .sinceImagePushed: .sinceImagePushed(days: number)
            case .sinceImagePulled: .sinceImagePulled(days: number)
            case .sinceImageTransitioned: .sinceImageTransitioned(days: number)
            }
    }
}

extension LifecyclePolicy.Action {
    private enum Target: String, CaseIterable { case archive }

    fileprivate init(_ object: JSONObject, on selection: LifecyclePolicy.Selection) throws(JSONError) {
        try object.allow(only: ["type", "targetStorageClass"])
        self = try object.requiredWord("type")
        let target: Target? = try object.word("targetStorageClass")
        guard (target == nil) == (self == .expire) else {
            throw JSONError(target == nil ? "type transition needs it" : "type expire does not take it")
                .within(member: "targetStorageClass")
        }
        if self == .transition, selection.storageClass == .archive {
            throw JSONError("transition starts from storage class standard").within(member: "type")
        }
    }
}

extension JSONObject {
    /// Refuses members that are not of these names, and `null`, which some programs write for nothing.
    fileprivate func allow(only names: [String]) throws(JSONError) {
        for member in members {
            guard names.contains(member.name) else {
                throw JSONError("there is no such member; expected \(names.joined(separator: ", "))")
                    .within(member: member.name)
            }
            guard member.value != .null else {
                throw JSONError("it is null; leave it out").within(member: member.name)
            }
        }
    }

    fileprivate func number(_ name: String, from least: Int) throws(JSONError) -> Int {
        let value: Int = try required(name)
        guard value >= least, value <= Int(Int32.max) else {
            throw JSONError("it is \(value); expected \(least) to \(Int32.max)").within(member: name)
        }
        return value
    }

    /// One of an enumeration's words; nil when the member is missing.
    fileprivate func word<Word: RawRepresentable & CaseIterable>(
        _ name: String
    ) throws(JSONError) -> Word? where Word.RawValue == String {
        guard let text: String = try optional(name) else { return nil }
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw JSONError("\(JSONError.quoted(text)) is unknown; expected \(words)").within(member: name)
        }
        return word
    }

    fileprivate func requiredWord<Word: RawRepresentable & CaseIterable>(
        _ name: String
    ) throws(JSONError) -> Word where Word.RawValue == String {
        guard let word: Word = try word(name) else { throw JSONError("the member is missing").within(member: name) }
        return word
    }
}
