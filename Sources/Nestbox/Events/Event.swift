internal import LinuxSystem
public import OCISpec

/// Something that has happened to a container, an image, a network or a volume.
public struct Event: Sendable, Hashable {
    /// When, to the nanosecond.
    public let time: Timestamp
    /// What it happened to: `container`, `image`, `network` or `volume`.
    public let kind: String
    /// What happened, in Docker's words, like `create`, `start`, `die` or `health_status: healthy`.
    public let action: String
    /// Whom it happened to: an id or, for volumes, a name.
    public let id: String
    /// More about it, like a container's name, image and labels, or its exit code.
    public let attributes: [String: String]

    /// Reads a line of the log; nil when it is none.
    init?(line: ArraySlice<UInt8>) {
        guard let object = try? JSONValue(parsing: Array(line)).object(),
            let time = try? object.required("time", as: Int64.self),
            let moment = Timestamp(nanosecondsSince1970: time),
            let kind = try? object.required("type", as: String.self),
            let action = try? object.required("action", as: String.self),
            let id = try? object.required("id", as: String.self)
        else { return nil }
        self.time = moment
        self.kind = kind
        self.action = action
        self.id = id
        attributes = (try? object.optional("attributes", as: [String: String].self)) ?? [:]
    }

    /// The action without what it says more: `exec_start` of `exec_start: ls`.
    public var plainAction: String { action.split(separator: ":").first.map(String.init) ?? action }

    /// One line, as `docker events` prints it.
    public var description: String {
        let details = attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return "\(time.fixedWidth) \(kind) \(action.escapedControls) \(id)"
            + (details.isEmpty ? "" : " (\(details.joined(separator: ", ").escapedControls))")
    }

    /// The fields for templates, in Docker's form.
    public var json: JSONValue {
        var object = JSONObject()
        if kind == "container" || kind == "image" {
            object["status"] = .string(action)
            object["id"] = .string(id)
        }
        if let image = attributes["image"] { object["from"] = .string(image) }
        object["Type"] = .string(kind)
        object["Action"] = .string(action)
        object["Actor"] = ["ID": .string(id), "Attributes": attributes.json]
        object["scope"] = "local"
        object["time"] = .integer(time.seconds)
        object["timeNano"] = .integer(time.seconds * 1_000_000_000 + Int64(time.nanoseconds))
        return .object(object)
    }
}

extension Timestamp {
    fileprivate init?(nanosecondsSince1970 time: Int64) {
        guard time >= 0 else { return nil }
        self.init(seconds: time / 1_000_000_000, nanoseconds: UInt32(time % 1_000_000_000))
    }
}
