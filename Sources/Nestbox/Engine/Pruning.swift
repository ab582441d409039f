public import OCISpec

/// What a `prune` has removed.
public struct Pruning: Sendable, Hashable {
    /// The names or ids of what is gone, in the order in which it went.
    public var removed: [String] = []
    /// How many bytes the files had that are gone.
    public var reclaimed: Int64 = 0
    /// Why what should have gone is still there.
    public var failures: [EngineError] = []
}

/// A condition on what a `prune` removes; all of them must hold.
public enum PruneFilter: Sendable, Hashable {
    /// It has this label, with this value where one is given.
    case label(String, value: String?)
    /// It has no such label, or the label has another value than the one given.
    case withoutLabel(String, value: String?)
    /// It was made before this moment.
    case until(Timestamp)

    /// Parses `label=KEY[=VALUE]`, `label!=KEY[=VALUE]` and `until=TIME`, the time being what `MomentText` takes.
    ///
    /// - Parameters:
    ///   - text: the value.
    ///   - option: the flag's name, for errors.
    ///   - now: what spans of time count back from; nil where there is no `until`.
    /// - Throws: `ConfigurationError`.
    public init(parsing text: String, option: String, now: Timestamp?) throws(ConfigurationError) {
        let (key, value) = try NameText.keyValue(text, option: option, required: true)
        let label = value.parts(UInt8(ascii: "="), maxSplits: 1)
        switch (key, now) {
        case ("label", _): self = .label(label[0], value: label.count == 2 ? label[1] : nil)
        case ("label!", _): self = .withoutLabel(label[0], value: label.count == 2 ? label[1] : nil)
        case ("until", let now?): self = .until(try MomentText.parse(value, option: "\(option) until", now: now))
        default:
            throw ConfigurationError(
                option, text, "there is no such filter",
                accepted: now == nil ? "give label= or label!=" : "give label=, label!= or until=")
        }
    }

    /// Whether something with these labels satisfies it.
    ///
    /// What does not say when it was made is not known to be old.
    func holds(for labels: [String: String], created: Timestamp?) -> Bool {
        switch self {
        case .label(let key, let value): labels[key].map { value == nil || value == $0 } ?? false
        case .withoutLabel(let key, let value): labels[key].map { value != nil && value != $0 } ?? true
        case .until(let moment): created.map { $0 < moment } ?? false
        }
    }
}
