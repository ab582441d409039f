internal import OCISpec

/// What a repository knows of one of its manifests: `_manifests/HEX`.
struct ManifestRecord: JSONCodable, Hashable {
    /// What it came as: a manifest need not say it itself.
    var mediaType: MediaType
    /// When it first came: neither another tag nor the same content once more changes it.
    var pushed: Timestamp
    /// Since when it is archived; nil: it is not.
    var archived: Timestamp?
    /// When it was last brought back from the archive.
    var activated: Timestamp?

    init(mediaType: MediaType, pushed: Timestamp) {
        self.mediaType = mediaType
        self.pushed = pushed
    }

    init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        mediaType = try object.required("mediaType")
        pushed = try object.required("pushed")
        archived = try object.optional("archived")
        activated = try object.optional("activated")
    }

    var json: JSONValue {
        var object = JSONObject()
        object.set("mediaType", to: mediaType)
        object.set("pushed", to: pushed)
        object.set("archived", to: archived)
        object.set("activated", to: activated)
        return .object(object)
    }

    /// Brings it back from the archive.
    mutating func activate(at now: Timestamp) {
        guard archived != nil else { return }
        archived = nil
        activated = now
    }
}

/// What is about to happen to manifests of a repository: `_pending`.
///
/// It is written before the first of them is touched and removed after the last: should the process die in between, whoever
/// changes the repository next carries it out first. So a policy is never applied by half.
struct PendingChanges: JSONCodable, Hashable {
    /// What goes, with its tags.
    var expired: [Digest] = []
    /// What is archived.
    var archived: [Digest] = []
    /// When that was decided.
    var time: Timestamp

    init(expired: [Digest] = [], archived: [Digest] = [], time: Timestamp) {
        self.expired = expired
        self.archived = archived
        self.time = time
    }

    init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        expired = try object.required("expired")
        archived = try object.required("archived")
        time = try object.required("time")
    }

    var json: JSONValue {
        var object = JSONObject()
        object.set("expired", to: expired)
        object.set("archived", to: archived)
        object.set("time", to: time)
        return .object(object)
    }
}

/// The lifecycle policy of a repository: `_lifecycle`.
struct LifecycleRecord: JSONCodable, Hashable {
    /// The policy as it was written.
    var text: String
    /// When it was last applied; nil: never.
    var applied: Timestamp?

    init(text: String, applied: Timestamp? = nil) {
        self.text = text
        self.applied = applied
    }

    init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        text = try object.required("text")
        applied = try object.optional("applied")
    }

    var json: JSONValue {
        var object = JSONObject()
        object.set("text", to: text)
        object.set("applied", to: applied)
        return .object(object)
    }
}
