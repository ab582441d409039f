public import OCISpec

/// What is known of a container's health: the file `health.json`.
public struct HealthRecord: JSONCodable, Hashable {
    /// How it is.
    public enum Status: String, JSONCodable, CaseIterable, Hashable {
        /// No probe has succeeded yet, and too few have failed.
        case starting
        /// The last probe succeeded, or too few have failed since.
        case healthy
        /// Too many probes in a row have failed.
        case unhealthy
    }

    /// One probe.
    public struct Probe: JSONCodable, Hashable {
        /// When it began, RFC 3339 in UTC.
        public var start: String
        /// When it ended.
        public var end: String
        /// Its exit code; -1: it did not end in time, or could not be started.
        public var exitCode: Int32
        /// What it wrote, at most ``outputLimit`` bytes.
        public var output: String

        /// The most that is kept of its output, in bytes (Docker's).
        public static let outputLimit = 4096

        /// A probe that has ended.
        public init(start: String, end: String, exitCode: Int32, output: String) {
            self.start = start
            self.end = end
            self.exitCode = exitCode
            self.output = output
        }

        /// Reads the form that `json` writes.
        ///
        /// - Throws: `JSONError`.
        public init(json: JSONValue) throws(JSONError) {
            let object = try json.object()
            self.init(
                start: try object.required("Start"), end: try object.required("End"),
                exitCode: try object.required("ExitCode"), output: try object.required("Output"))
        }

        /// As `inspect` shows it.
        public var json: JSONValue {
            [
                "Start": .string(start), "End": .string(end), "ExitCode": exitCode.json, "Output": .string(output),
            ]
        }
    }

    /// How it is.
    public var status = Status.starting
    /// How many probes in a row have failed.
    public var failingStreak = 0
    /// The last probes, the oldest first.
    public var log: [Probe] = []

    /// How many probes are kept (Docker's).
    public static let logLength = 5

    /// Nothing known yet.
    public init() {}

    /// Takes the result of a probe in.
    ///
    /// - Parameters:
    ///   - probe: the probe.
    ///   - retries: how many failures in a row make it unhealthy.
    ///   - counts: whether a failure counts: not in the start period of a container that was never healthy.
    public mutating func take(_ probe: Probe, retries: Int, counts: Bool) {
        log.append(probe)
        if log.count > Self.logLength { log.removeFirst(log.count - Self.logLength) }
        if probe.exitCode == 0 {
            failingStreak = 0
            status = .healthy
        } else if counts {
            failingStreak += 1
            if failingStreak >= retries { status = .unhealthy }
        }
    }

    /// Reads the form that `json` writes.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        status = try object.required("Status")
        failingStreak = try object.required("FailingStreak")
        log = try object.optional("Log") ?? []
    }

    /// As `inspect` shows it.
    public var json: JSONValue {
        ["Status": status.json, "FailingStreak": .integer(Int64(failingStreak)), "Log": log.json]
    }
}
