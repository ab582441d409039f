internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// Where everybody writes down what happens to containers, images, networks and volumes, and readers follow it.
///
/// A file of JSON objects, one a line, that many processes append to; one that has grown to the limit is renamed, and replaces
/// the one before. An event that cannot be written is lost, and nothing else.
public struct EventLog: Sendable, Hashable {
    /// How large a file grows before it is replaced, in bytes.
    public static let limit: Int64 = 1 << 20
    /// The name of the file that is appended to, and of the one before it.
    public static let names = (current: "events.json", previous: "events.1.json")

    /// The folder of both files.
    public let folder: String

    /// The log in a folder, which need not be there yet.
    public init(folder: String) {
        self.folder = folder
    }

    /// Appends an event.
    ///
    /// - Parameters:
    ///   - kind: what it happened to: `container`, `image`, `network` or `volume`.
    ///   - action: what happened, as a JSON string.
    ///   - id: whom it happened to; it needs no escape in JSON.
    ///   - attributes: more about it, a JSON object.
    ///   - details: still more, likewise without anything that needs an escape.
    public func append(
        _ kind: String, _ action: String, _ id: String, attributes: String,
        details: [(name: String, value: String)] = []
    ) {
        var object = attributes
        if !details.isEmpty, object.utf8.last == UInt8(ascii: "}") {
            object.removeLast()
            for detail in details {
                if object.utf8.count > 1 { object += "," }
                object += "\"\(detail.name)\":\"\(detail.value)\""
            }
            object += "}"
        }
        let now = WallClock.now()
        let time = now.seconds &* 1_000_000_000 &+ Int64(now.nanoseconds)
        let line =
            "{\"time\":\(time),\"type\":\"\(kind)\",\"action\":\(action),\"id\":\"\(id)\",\"attributes\":\(object)}\n"
        write(Array(line.utf8))
    }

    private func write(_ line: [UInt8]) {
        let path = "\(folder)/\(Self.names.current)"
        var number = open(path, Self.flags, 0o600)
        if number < 0, errno == ENOENT {
            try? StoredFile.makeFolder(folder)
            number = open(path, Self.flags, 0o600)
        }
        guard number >= 0 else { return }
        // One call for one line: lines of several writers do not mix (write(2), O_APPEND).
        let count = line.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
        // What could not be written whole must not swallow the next one.
        if count > 0, count < line.count { _ = Glibc.write(number, "\n", 1) }
        var status = stat()
        if fstat(number, &status) == 0, Int64(status.st_size) > Self.limit { replace(number, path) }
        close(number)
    }

    private static let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC

    /// Renames a file that has grown to the limit, unless somebody else is about to, or has just done so.
    private func replace(_ number: Int32, _ path: String) {
        guard flock(number, LOCK_EX | LOCK_NB) == 0 else { return }
        var (mine, named) = (stat(), stat())
        guard fstat(number, &mine) == 0, stat(path, &named) == 0, mine.st_ino == named.st_ino else { return }
        rename(path, "\(folder)/\(Self.names.previous)")
    }
}

/// How a container's own processes tell of it.
struct EventTeller {
    private let log: EventLog
    private let id: String
    private let attributesPath: String

    /// Nil when nobody wants to know.
    init?(folder: String?, id: String, attributesPath: String) {
        guard let folder else { return nil }
        log = EventLog(folder: folder)
        self.id = id
        self.attributesPath = attributesPath
    }

    /// Tells of something, with an action and details that need no escape in JSON.
    func tell(_ action: String, _ details: [(name: String, value: String)] = []) {
        var attributes = "{}"
        if let bytes = try? StoredFile.read(attributesPath) { attributes = String(decoding: bytes, as: UTF8.self) }
        log.append("container", "\"\(action)\"", id, attributes: attributes, details: details)
    }
}

extension LaunchRequest {
    var teller: EventTeller? { EventTeller(folder: eventFolder, id: id, attributesPath: eventAttributesPath) }
}
