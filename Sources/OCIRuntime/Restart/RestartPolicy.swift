public import OCISpec

/// Whether a container is started again after its end.
public enum RestartPolicy: JSONCodable, Hashable {
    /// It is not.
    case no
    /// Whatever its exit code, and after a boot even when it was stopped.
    case always
    /// Whatever its exit code, until somebody stops it.
    case unlessStopped
    /// When its exit code is not 0; at most this many times, 0: as often as it takes.
    case onFailure(attempts: Int32)

    /// Reads `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:5`; nil for anything else.
    public init?(_ text: String) {
        switch text {
        case "no": self = .no
        case "always": self = .always
        case "unless-stopped": self = .unlessStopped
        case "on-failure": self = .onFailure(attempts: 0)
        default:
            guard let attempts = text.dropping(prefix: "on-failure:").flatMap({ Int32($0) }), attempts >= 0 else {
                return nil
            }
            self = .onFailure(attempts: attempts)
        }
    }

    /// The form that `init` reads.
    public var text: String {
        switch self {
        case .onFailure(let attempts): attempts == 0 ? name : "\(name):\(attempts)"
        default: name
        }
    }

    /// The policy without its number.
    public var name: String {
        switch self {
        case .no: "no"
        case .always: "always"
        case .unlessStopped: "unless-stopped"
        case .onFailure: "on-failure"
        }
    }

    /// How often it is started again at most; 0: as often as it takes, or not at all.
    public var attempts: Int32 {
        if case .onFailure(let attempts) = self { attempts } else { 0 }
    }

    /// Whether a container that ended by itself is started again.
    ///
    /// - Parameters:
    ///   - code: its exit code.
    ///   - restarts: how often it was started again before.
    public func restarts(after code: Int32, restarts: Int32) -> Bool {
        switch self {
        case .no: false
        case .always, .unlessStopped: true
        case .onFailure(let attempts): code != 0 && (attempts == 0 || restarts < attempts)
        }
    }

    /// Reads the text.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        guard let policy = RestartPolicy(try String(json: json)) else { throw JSONError("there is no such policy") }
        self = policy
    }

    /// The text.
    public var json: JSONValue { .string(text) }
}
