public import LinuxSystem
public import OCISpec

/// What a container's supervisor records about it: the file `state.json`.
public struct ContainerState: JSONCodable, Hashable {
    /// Where in its life a container is.
    public enum Status: String, CaseIterable, JSONCodable, Hashable {
        /// Made, never started, or being set up by a supervisor.
        case created
        /// Its first process runs.
        case running
        /// Its first process has ended, and its supervisor waits to start it again.
        case restarting
        /// Its first process has ended.
        case exited
    }

    /// Where in its life the container is.
    public var status: Status
    /// The supervisor; nil before the first start.
    public var supervisor: ProcessIdentity?
    /// The container's first process while it runs.
    public var process: ProcessIdentity?
    /// When the first process was started, RFC 3339 in UTC.
    public var startedAt: String?
    /// When it ended, RFC 3339 in UTC.
    public var finishedAt: String?
    /// The exit code, 128 + n for a process that signal n ended.
    public var exitCode: Int32?
    /// The kernel killed a process of the container because its memory was used up.
    public var oomKilled: Bool
    /// Why the start failed.
    public var error: String?
    /// How often its restart policy has started it again since somebody did.
    public var restartCount: Int32
    /// The boot that the processes belong to.
    public var bootID: String

    /// The state of a container that was never started.
    public init(status: Status = .created, bootID: String = "") {
        self.status = status
        self.bootID = bootID
        self.oomKilled = false
        self.restartCount = 0
    }

    /// Reads a state.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self.init(status: try object.required("status"), bootID: try object.optional("bootID") ?? "")
        supervisor = try object.optional("supervisor")
        process = try object.optional("process")
        startedAt = try object.optional("startedAt")
        finishedAt = try object.optional("finishedAt")
        exitCode = try object.optional("exitCode")
        oomKilled = try object.optional("oomKilled") ?? false
        error = try object.optional("error")
        restartCount = try object.optional("restartCount") ?? 0
    }

    /// An object with the members' names.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("status", to: status)
        object.set("supervisor", to: supervisor)
        object.set("process", to: process)
        object.set("startedAt", to: startedAt)
        object.set("finishedAt", to: finishedAt)
        object.set("exitCode", to: exitCode)
        object.set("oomKilled", to: oomKilled, unless: false)
        object.set("error", to: error)
        object.set("restartCount", to: restartCount, unless: 0)
        object.set("bootID", to: bootID)
        return .object(object)
    }
}
