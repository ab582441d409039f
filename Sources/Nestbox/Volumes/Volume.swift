public import OCISpec

/// A folder that the engine keeps for containers, and that outlives them.
public struct Volume: Sendable, Hashable {
    /// What it is called; 64 hexadecimal digits when nobody has named it.
    public let name: String
    /// When it was made.
    public let created: Timestamp
    /// What whoever made it has noted about it.
    public let labels: [String: String]
    /// The host's folder with its files, absolute.
    public let mountpoint: String
    /// Whether nobody has named it: such volumes are what `prune` removes when nothing uses them.
    public let isAnonymous: Bool

    /// Docker's mark for a volume that nobody has named.
    static let anonymousLabel = "com.docker.volume.anonymous"
}

extension Volume {
    /// The template of the usual table.
    public static let table = #"{{.Driver}}\t{{.Name}}"#

    /// The fields' column titles.
    public static let headers: JSONObject = [
        "Availability": "AVAILABILITY", "Driver": "DRIVER", "Group": "GROUP", "Labels": "LABELS", "Links": "LINKS",
        "Mountpoint": "MOUNTPOINT", "Name": "VOLUME NAME", "Scope": "SCOPE", "Size": "SIZE", "Status": "STATUS",
    ]

    /// The fields, as `docker volume ls` has them.
    public var row: JSONValue {
        let texts = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return [
            "Availability": "N/A", "Driver": "local", "Group": "N/A",
            "Labels": .string(texts.joined(separator: ",")), "Links": "N/A", "Mountpoint": .string(mountpoint),
            "Name": .string(name), "Scope": "local", "Size": "N/A", "Status": "N/A",
            // What the template's `.Label "key"` looks up.
            "Label": labels.json,
        ]
    }

    /// Everything, in the shape in which `docker volume inspect` shows it.
    public var inspection: JSONValue {
        // Docker tells whole seconds, and null where there is nothing.
        let moment = Timestamp(seconds: created.seconds) ?? created
        return [
            "CreatedAt": .string(moment.description), "Driver": "local",
            "Labels": labels.isEmpty ? nil : labels.json, "Mountpoint": .string(mountpoint), "Name": .string(name),
            "Options": nil, "Scope": "local",
        ]
    }
}

/// What is known of a volume besides its files: `volume.json`.
struct VolumeRecord: JSONCodable, Hashable {
    var created: Timestamp
    var labels: [String: String]

    init(created: Timestamp, labels: [String: String]) {
        self.created = created
        self.labels = labels
    }

    init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        created = try object.required("created")
        labels = try object.optional("labels") ?? [:]
    }

    var json: JSONValue {
        var object: JSONObject = ["created": created.json]
        object.setUnlessEmpty("labels", to: labels)
        return .object(object)
    }
}
