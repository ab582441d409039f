/// Why a text is no lifecycle policy.
public struct InvalidLifecyclePolicy: Error, Hashable, Sendable {
    /// The member concerned, for example `rules[1].selection.countUnit`; empty: the whole text.
    public let path: String
    /// The priority of the rule concerned; nil where it is none or has none.
    public let priority: Int?
    /// What is wrong.
    public let reason: String

    init(_ error: JSONError, priority: Int? = nil) {
        let position = error.position.map { "line \($0.line), column \($0.column): " } ?? ""
        path = error.path
        reason = position + error.reason
        self.priority = priority
    }

    /// What Amazon ECR says in an `InvalidParameterException`.
    public var parameterMessage: String {
        "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
            + "'Lifecycle policy validation failure: \(description)'"
    }
}

extension InvalidLifecyclePolicy: CustomStringConvertible {
    /// One line, for example `rules[1].selection.countUnit (rule 2): the member is missing`.
    public var description: String {
        let place = priority.map { path.isEmpty ? "rule \($0)" : "\(path) (rule \($0))" } ?? path
        return place.isEmpty ? reason : "\(place): \(reason)"
    }
}
