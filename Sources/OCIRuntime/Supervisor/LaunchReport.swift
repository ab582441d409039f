public import OCISpec

/// How a start goes: a JSON document from the runtime to the engine, in one packet.
///
/// When the engine has interfaces to make, one with ``namespaces`` comes first.
public struct LaunchReport: JSONCodable, Hashable {
    /// The pid of a process that has the container's namespaces and waits; nil in the last report.
    public var namespaces: Int32?
    /// The pid of the new process; nil when it could not be started.
    public var pid: Int32?
    /// What was asked for and could not be had, a line each.
    public var warnings: [String]
    /// Why it could not be started, one line.
    public var error: String?
    /// What Docker's command line exits with then: 125, 126 or 127.
    public var exitCode: Int32?

    /// A start on its way: the namespaces are there.
    public init(namespaces: Int32) {
        self.namespaces = namespaces
        warnings = []
    }

    /// A start that went well.
    public init(pid: Int32, warnings: [String]) {
        self.pid = pid
        self.warnings = warnings
    }

    /// A start that failed.
    public init(_ error: LaunchError, warnings: [String] = []) {
        self.error = error.description
        self.exitCode = error.exitCode
        self.warnings = warnings
    }

    /// Reads a report.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        namespaces = try object.optional("namespaces")
        pid = try object.optional("started")
        warnings = try object.optional("warnings") ?? []
        error = try object.optional("error")
        exitCode = try object.optional("exitCode")
    }

    /// `{"namespaces": pid}`, `{"started": pid}` or `{"error": …, "exitCode": …}`, with `warnings` where there are any.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("namespaces", to: namespaces)
        object.set("started", to: pid)
        object.setUnlessEmpty("warnings", to: warnings)
        object.set("error", to: error)
        object.set("exitCode", to: exitCode)
        return .object(object)
    }
}
