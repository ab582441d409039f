/// The members of a JSON object, in their order, each name once.
///
/// Names are compared as Swift compares strings, so two spellings of one character (composed and decomposed) are the
/// same name. Look-up is linear: the objects of configuration files are small.
public struct JSONObject: Sendable {
    /// The members in their order; no name occurs twice.
    public private(set) var members: [(name: String, value: JSONValue)]

    /// An object without members.
    public init() {
        members = []
    }

    /// An object of these members; a name given twice keeps its place and its last value.
    public init(_ members: some Sequence<(String, JSONValue)>) {
        self.members = []
        var places: [String: Int]?
        for (name, value) in members {
            // While they are few, looking at each is faster than hashing.
            if self.members.count == 16 {
                places = Dictionary(uniqueKeysWithValues: self.members.enumerated().map { ($1.name, $0) })
            }
            let place = places.map { $0[name] } ?? self.members.firstIndex { $0.name == name }
            if let place {
                self.members[place].value = value
            } else {
                places?[name] = self.members.count
                self.members.append((name, value))
            }
        }
    }

    /// An object of members whose names the caller knows to differ.
    init(distinct members: [(name: String, value: JSONValue)]) {
        self.members = members
    }

    /// How many members there are.
    public var count: Int { members.count }

    /// Whether there are no members.
    public var isEmpty: Bool { members.isEmpty }

    /// The value of the member of that name; nil where there is none, and setting nil removes it.
    public subscript(_ name: String) -> JSONValue? {
        get {
            for member in members where member.name == name {
                return member.value
            }
            return nil
        }
        set {
            guard let place = members.firstIndex(where: { $0.name == name }) else {
                if let newValue { members.append((name, newValue)) }
                return
            }
            if let newValue {
                members[place].value = newValue
            } else {
                members.remove(at: place)
            }
        }
    }
}

extension JSONObject: Hashable {
    /// Whether both have the same members, in whatever order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        if zip(left.members, right.members).allSatisfy({ $0.name == $1.name && $0.value == $1.value }) { return true }
        let values = Dictionary(uniqueKeysWithValues: right.members.map { ($0.name, $0.value) })
        return left.members.allSatisfy { values[$0.name] == $0.value }
    }

    /// Adds the members to the hash, in a way that does not depend on their order.
    public func hash(into hasher: inout Hasher) {
        var sum = 0
        for member in members {
            var one = Hasher()
            one.combine(member.name)
            one.combine(member.value)
            sum &+= one.finalize()
        }
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Makes an object; a name given twice keeps its last value.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements)
    }
}
