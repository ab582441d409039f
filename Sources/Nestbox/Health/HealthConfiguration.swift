public import OCISpec

/// What was asked for about a container's health; what is nil stays as the image says.
public struct HealthConfiguration: JSONCodable, Hashable {
    /// A line for the shell that ends with 0 when the container is well.
    public var command: String?
    /// Nobody finds out, whatever the image says.
    public var isDisabled = false
    /// The time between two probes, in nanoseconds.
    public var interval: Int64?
    /// The time after which a probe has failed, in nanoseconds.
    public var timeout: Int64?
    /// The time from the start in which failures do not count, in nanoseconds.
    public var startPeriod: Int64?
    /// The time between two probes in that period, in nanoseconds.
    public var startInterval: Int64?
    /// How many failures in a row make it unhealthy.
    public var retries: Int?

    /// Nothing asked for.
    public init() {}

    /// Reads the form that `json` writes.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        command = try object.optional("command")
        isDisabled = try object.optional("isDisabled") ?? false
        interval = try object.optional("interval")
        timeout = try object.optional("timeout")
        startPeriod = try object.optional("startPeriod")
        startInterval = try object.optional("startInterval")
        retries = try object.optional("retries")
    }

    /// The JSON form.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("command", to: command)
        object.set("isDisabled", to: isDisabled, unless: false)
        object.set("interval", to: interval)
        object.set("timeout", to: timeout)
        object.set("startPeriod", to: startPeriod)
        object.set("startInterval", to: startInterval)
        object.set("retries", to: retries)
        return .object(object)
    }

    /// The image's check with what was asked for over it.
    func merged(with image: ImageConfiguration.Config.Healthcheck?) -> ImageConfiguration.Config.Healthcheck {
        var result = image ?? .init()
        if isDisabled { result.test = ["NONE"] }
        if let command { result.test = ["CMD-SHELL", command] }
        if let interval { result.interval = interval }
        if let timeout { result.timeout = timeout }
        if let startPeriod { result.startPeriod = startPeriod }
        if let startInterval { result.startInterval = startInterval }
        if let retries { result.retries = retries }
        return result
    }
}

/// A span of time as a flag's value.
public enum SpanText {
    /// Parses Go's spans, like `1m30s` or `500ms`.
    ///
    /// - Returns: nanoseconds, 0 or at least one millisecond.
    /// - Throws: `ConfigurationError`.
    public static func nanoseconds(_ text: String, option: String) throws(ConfigurationError) -> Int64 {
        guard let value = text == "0" ? 0 : MomentText.span(text), value == 0 || value >= 1_000_000 else {
            throw ConfigurationError(
                option, text, "it is no span of time of at least a millisecond",
                accepted: "give one like 30s, 1m30s or 500ms")
        }
        return value
    }
}
