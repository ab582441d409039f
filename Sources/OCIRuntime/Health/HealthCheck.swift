public import OCISpec

/// How a container's health is found out.
public struct HealthCheck: JSONCodable, Hashable {
    /// The command, without a container's process.
    public var probe: ExecRequest
    /// The time between two probes, in milliseconds.
    public var interval: Int64
    /// The time after which a probe has failed, in milliseconds.
    public var timeout: Int64
    /// The time from the start in which failures do not count, in milliseconds.
    public var startPeriod: Int64
    /// The time between two probes in that period, in milliseconds.
    public var startInterval: Int64
    /// How many failures in a row make it unhealthy.
    public var retries: Int
    /// The file for the ``HealthRecord``.
    public var recordPath: String

    /// A check with all that it needs.
    public init(
        probe: ExecRequest, interval: Int64, timeout: Int64, startPeriod: Int64, startInterval: Int64, retries: Int,
        recordPath: String
    ) {
        self.probe = probe
        self.interval = interval
        self.timeout = timeout
        self.startPeriod = startPeriod
        self.startInterval = startInterval
        self.retries = retries
        self.recordPath = recordPath
    }

    /// Reads the form that `json` writes.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self.init(
            probe: try object.required("probe"), interval: try object.required("interval"),
            timeout: try object.required("timeout"), startPeriod: try object.required("startPeriod"),
            startInterval: try object.required("startInterval"), retries: try object.required("retries"),
            recordPath: try object.required("recordPath"))
    }

    /// An object with the members' names.
    public var json: JSONValue {
        [
            "probe": probe.json, "interval": interval.json, "timeout": timeout.json, "startPeriod": startPeriod.json,
            "startInterval": startInterval.json, "retries": .integer(Int64(retries)), "recordPath": .string(recordPath),
        ]
    }
}
