public import OCISpec

/// Where a container's output is kept.
public struct LogConfiguration: JSONCodable, Hashable {
    /// Who keeps it.
    public enum Driver: String, JSONCodable, CaseIterable, Sendable {
        /// Files of one JSON object a line, as Docker's.
        case jsonFile = "json-file"
        /// systemd's journal.
        case journald
        /// Nobody: only attached clients see it.
        case none
    }

    /// Who keeps it.
    public var driver = Driver.jsonFile
    /// How large one file may grow, in bytes; nil: 64 MiB.
    public var maximumSize: Int64?
    /// How many files there are at most, the current one included; nil: 3.
    public var maximumFiles: Int?

    /// The template of what the journal calls the container's program; nil: the first digits of its id.
    public var tag: String?

    /// Files of the usual number and size.
    public init() {}

    /// Reads the form that `json` writes.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        driver = try object.optional("driver") ?? .jsonFile
        maximumSize = try object.optional("maximumSize")
        maximumFiles = try object.optional("maximumFiles")
        tag = try object.optional("tag")
    }

    /// The JSON form.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("driver", to: driver, unless: .jsonFile)
        object.set("maximumSize", to: maximumSize)
        object.set("maximumFiles", to: maximumFiles)
        object.set("tag", to: tag)
        return .object(object)
    }

    /// `HostConfig.LogConfig` of `inspect`.
    var report: JSONValue {
        var options = JSONObject()
        if let maximumFiles { options["max-file"] = .string(String(maximumFiles)) }
        if let maximumSize { options["max-size"] = .string(String(maximumSize)) }
        if let tag { options["tag"] = .string(tag) }
        return ["Type": .string(driver.rawValue), "Config": .object(options)]
    }
}

extension LogConfiguration {
    /// Reads `--log-driver` and the `--log-opt`s.
    ///
    /// - Throws: `ConfigurationError`.
    public init(driver name: String?, options: [String]) throws(ConfigurationError) {
        if let name, !name.isEmpty {
            guard let driver = Driver(rawValue: name) else {
                throw ConfigurationError(
                    "--log-driver", name, "there is no such driver here", accepted: "give json-file, journald or none")
            }
            self.driver = driver
        }
        for text in options {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let known = [Driver.jsonFile: ["max-size", "max-file"], .journald: ["tag"]][driver] ?? []
            guard parts.count == 2, known.contains(parts[0]) else {
                throw ConfigurationError(
                    "--log-opt", text, "the driver \(driver.rawValue) has no such option",
                    accepted: "give max-size=SIZE or max-file=NUMBER with json-file, or tag=TEMPLATE with journald")
            }
            if parts[0] == "tag" {
                tag = try Self.checkedTag(parts[1])
            } else if parts[0] == "max-size" {
                let size = try OptionNumber.bytes(parts[1], option: "--log-opt max-size")
                guard size > 0 else {
                    throw ConfigurationError(
                        "--log-opt", text, "a file of no bytes holds nothing", accepted: "give a size like 10m")
                }
                maximumSize = size
            } else {
                maximumFiles = try OptionNumber.integer(
                    parts[1], option: "--log-opt max-file", in: 1...1000, meaning: "files")
            }
        }
    }
}
