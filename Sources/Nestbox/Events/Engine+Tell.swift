internal import LinuxSystem
internal import OCIRuntime
internal import OCISpec

/// Telling whoever follows events what this engine has just done.
extension Engine {
    var eventLog: EventLog { EventLog(folder: paths.events) }

    /// Something has happened to a container.
    func tell(_ action: String, _ record: ContainerRecord, _ details: [(name: String, value: String)] = []) {
        var attributes = record.eventAttributes
        for detail in details { attributes[detail.name] = .string(detail.value) }
        tell("container", action, record.id, attributes)
    }

    /// Something has happened to anything else.
    func tell(_ kind: String, _ action: String, _ id: String, _ attributes: JSONObject) {
        eventLog.append(
            kind, Self.text(.string(action)), id, attributes: Self.text(.object(attributes)))
    }

    private static func text(_ value: JSONValue) -> String {
        String(decoding: value.jsonBytes(), as: UTF8.self)
    }

    /// Leaves for the supervisor what is said of a container with every event.
    func writeEventAttributes(of record: ContainerRecord) throws {
        try AtomicFile.write(
            JSONValue.object(record.eventAttributes).jsonBytes(), to: paths.container(record.id).eventAttributes)
    }
}

extension ContainerRecord {
    /// The most that labels may add to each event, in bytes: what is beyond it is left out.
    private static let labelLimit = 16 << 10

    /// What events say themselves: an image's label must not say something else.
    private static let detailNames: Set<String> = ["exitCode", "execDuration", "execID", "signal", "oldName"]

    /// Its labels, its image and its name, as in Docker's events.
    fileprivate var eventAttributes: JSONObject {
        var object = JSONObject()
        let labels = settings.labels.merging(configuration.labels) { _, given in given }
        if labels.reduce(0, { $0 + $1.key.utf8.count + $1.value.utf8.count }) <= Self.labelLimit {
            for (key, value) in labels.sorted(by: { $0.key < $1.key }) where !Self.detailNames.contains(key) {
                object[key] = .string(value)
            }
        }
        object["image"] = .string(configuration.image)
        object["name"] = .string(name)
        return object
    }
}
