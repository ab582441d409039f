public import LinuxSystem
public import OCISpec

/// Everything that `nestbox-runtime supervise` needs to start one container and to look after it.
///
/// The engine makes it; it travels as one JSON document over an inherited descriptor and never touches a disk.
public struct LaunchRequest: JSONCodable, Hashable {
    /// The container's id.
    public var id: String
    /// The container's OCI configuration.
    ///
    /// `root.path` counts only when ``rootFilesystem`` is a directory.
    public var specification: RuntimeSpecification
    /// `name|uid[:group|gid]` to look up in the container's own passwd and group files; nil: `specification.process.user`.
    public var user: String?
    /// More groups of the process, names or ids, looked up likewise.
    public var additionalGroups: [String]
    /// Where the container's files come from.
    public var rootFilesystem: RootFilesystem
    /// The range of the host's ids that the container's user namespace stands on; nil: the host's user namespace.
    public var idMap: IDMap?
    /// The container's cgroup below the root of every hierarchy.
    public var cgroupPath: String
    /// The folder of the container's sockets, 0700, made by the engine.
    public var stateDirectory: String
    /// The file that the supervisor writes the container's ``ContainerState`` to.
    public var statePath: String
    /// The file of the json-file log; nil: no log is kept.
    public var logPath: String?
    /// How large the log's file may grow, in bytes; nil: ``JSONFileLog``'s own limit.
    public var logSize: Int64?
    /// How many files the log has at most, the current one included; nil: ``JSONFileLog``'s own number.
    public var logFiles: Int?
    /// What every entry of the journal says of the container, `NAME=value` with a newline behind each; nil: its output does not go
    /// there.
    public var journalFields: String?
    /// Standard input stays open until the first attached client ends it; otherwise it is empty.
    public var openStdin: Bool
    /// Run an init as process 1 that forwards signals and reaps.
    public var initProcess: Bool
    /// What `--rm` removes at the container's end before anybody hears of it.
    public var removeOnExit: [String]
    /// What it moves away then, in this order: a path and its new one, and so on; empty: the container stays.
    public var moveOnExit: [String]
    /// What it removes behind that, in this order.
    public var removeBehindExit: [String]
    /// A link to the container's id that it removes at the very end.
    public var releaseBehindExit: String?
    /// The process of another container behind the namespace paths of the specification; nil: they belong to nobody.
    public var joinedProcess: ProcessIdentity?
    /// The built-in seccomp profile for the process's capabilities, instead of `specification.linux.seccomp`.
    public var defaultSeccomp: Bool
    /// Where compiled seccomp programs are kept; nil: nowhere.
    public var seccompCacheDirectory: String?
    /// The signal that asks the container to stop.
    public var stopSignal: Int32
    /// Whether the program waits, before it looks at the container's files, for a byte over the report's socket that says that they
    /// are there.
    public var waitsForFiles: Bool
    /// Whether the program waits, once the namespaces are there, for a byte over the report's socket that says that its
    /// interfaces are, too.
    public var waitsForNetwork: Bool
    /// Inherited descriptors that stay open until the container's end: sockets that hold its published ports.
    public var heldDescriptors: [Int32]
    /// The inherited descriptor of the container's lock, held until its record says that it runs, whatever becomes of the engine
    /// meanwhile; nil: there is none.
    public var lockDescriptor: Int32?

    /// How the container's health is found out, a ``HealthCheck`` as JSON text; nil: it is not.
    ///
    /// Text, because only the monitor reads it: what reads more than that would stay in every supervisor's memory.
    public var health: String?
    /// The folder of the ``EventLog`` where is told what happens to the container; nil: nowhere is.
    public var eventFolder: String?
    /// The file that is there when somebody has stopped the container, so that its restart policy does not count; nil:
    /// nobody can.
    public var stoppedPath: String?

    /// Whether nothing of the container is left at its end: its own files need not reach the disk.
    public var removesItself: Bool { !moveOnExit.isEmpty }

    /// Made from an image by the engine, not from a bundle.
    var isFromEngine = true

    /// The file with what is said of the container with every event, a JSON object; it is written anew when that changes.
    public var eventAttributesPath: String { "\(stateDirectory)/event.json" }

    /// The file that says which restart policy the container has now; none: it has none.
    public var restartPolicyPath: String { "\(stateDirectory)/restart-policy" }

    /// The file that is there when somebody has asked for one restart at the container's end.
    public var restartDemandPath: String { "\(stateDirectory)/restart" }

    /// The file with the limits that the container was given after its start, if there is one: `linux.resources` as JSON.
    public var limitsPath: String { "\(stateDirectory)/limits.json" }

    /// The socket that clients attach to.
    public var socketPath: String { "\(stateDirectory)/attach.sock" }

    /// The file that says what is left to do at the container's end, if there is one.
    ///
    /// Paths to remove, each ended by a line break; a zero; and messages for the kernel: each the number of a netlink family in
    /// one byte, its length in four, the least significant first, and its bytes (netlink(7)). All but the first can wait until
    /// everybody knows of the end.
    public var farewellPath: String { "\(stateDirectory)/farewell" }

    /// A request with what every container needs; the rest has the values of a plain detached container.
    public init(
        id: String, specification: RuntimeSpecification, rootFilesystem: RootFilesystem, cgroupPath: String,
        stateDirectory: String, statePath: String
    ) {
        self.id = id
        self.specification = specification
        self.user = nil
        self.additionalGroups = []
        self.rootFilesystem = rootFilesystem
        self.idMap = nil
        self.cgroupPath = cgroupPath
        self.stateDirectory = stateDirectory
        self.statePath = statePath
        self.logPath = nil
        self.logSize = nil
        self.logFiles = nil
        self.journalFields = nil
        self.openStdin = false
        self.initProcess = false
        self.removeOnExit = []
        self.moveOnExit = []
        self.removeBehindExit = []
        self.joinedProcess = nil
        self.defaultSeccomp = false
        self.seccompCacheDirectory = nil
        self.stopSignal = 15
        self.waitsForFiles = false
        self.waitsForNetwork = false
        self.heldDescriptors = []
        self.stoppedPath = nil
        self.health = nil
        self.eventFolder = nil
        self.lockDescriptor = nil
    }

    /// Reads a request.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self.init(
            id: try object.required("id"), specification: try object.required("specification"),
            rootFilesystem: try object.required("rootFilesystem"), cgroupPath: try object.required("cgroupPath"),
            stateDirectory: try object.required("stateDirectory"), statePath: try object.required("statePath"))
        user = try object.optional("user")
        additionalGroups = try object.optional("additionalGroups") ?? []
        idMap = try object.optional("idMap")
        logPath = try object.optional("logPath")
        logSize = try object.optional("logSize")
        logFiles = try object.optional("logFiles")
        journalFields = try object.optional("journalFields")
        openStdin = try object.optional("openStdin") ?? false
        initProcess = try object.optional("initProcess") ?? false
        removeOnExit = try object.optional("removeOnExit") ?? []
        moveOnExit = try object.optional("moveOnExit") ?? []
        removeBehindExit = try object.optional("removeBehindExit") ?? []
        releaseBehindExit = try object.optional("releaseBehindExit")
        joinedProcess = try object.optional("joinedProcess")
        defaultSeccomp = try object.optional("defaultSeccomp") ?? false
        seccompCacheDirectory = try object.optional("seccompCacheDirectory")
        stopSignal = try object.optional("stopSignal") ?? 15
        waitsForFiles = try object.optional("waitsForFiles") ?? false
        waitsForNetwork = try object.optional("waitsForNetwork") ?? false
        health = try object.optional("health")
        eventFolder = try object.optional("eventFolder")
        stoppedPath = try object.optional("stoppedPath")
        lockDescriptor = try object.optional("lockDescriptor")
        // Not as a list of numbers, whose conformances would stay in every supervisor's memory.
        let numbers = try object.optional("heldDescriptors", as: String.self) ?? ""
        for number in numbers.utf8.split(separator: UInt8(ascii: " ")) {
            guard let number = Int32(String(number) ?? "") else { throw JSONError("a descriptor is no number") }
            heldDescriptors.append(number)
        }
    }

    /// An object with the members' names.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("id", to: id)
        object.set("specification", to: specification)
        object.set("user", to: user)
        object.setUnlessEmpty("additionalGroups", to: additionalGroups)
        object.set("rootFilesystem", to: rootFilesystem)
        object.set("idMap", to: idMap)
        object.set("cgroupPath", to: cgroupPath)
        object.set("stateDirectory", to: stateDirectory)
        object.set("statePath", to: statePath)
        object.set("logPath", to: logPath)
        object.set("logSize", to: logSize)
        object.set("logFiles", to: logFiles)
        object.set("journalFields", to: journalFields)
        object.set("openStdin", to: openStdin, unless: false)
        object.set("initProcess", to: initProcess, unless: false)
        object.setUnlessEmpty("removeOnExit", to: removeOnExit)
        object.setUnlessEmpty("moveOnExit", to: moveOnExit)
        object.setUnlessEmpty("removeBehindExit", to: removeBehindExit)
        object.set("releaseBehindExit", to: releaseBehindExit)
        object.set("joinedProcess", to: joinedProcess)
        object.set("defaultSeccomp", to: defaultSeccomp, unless: false)
        object.set("seccompCacheDirectory", to: seccompCacheDirectory)
        object.set("stopSignal", to: stopSignal)
        object.set("waitsForFiles", to: waitsForFiles, unless: false)
        object.set("waitsForNetwork", to: waitsForNetwork, unless: false)
        object.set("health", to: health)
        object.set("eventFolder", to: eventFolder)
        object.set("stoppedPath", to: stoppedPath)
        object.set("lockDescriptor", to: lockDescriptor)
        object.set("heldDescriptors", to: heldDescriptors.map(String.init).joined(separator: " "), unless: "")
        return .object(object)
    }
}

/// Where a container's files come from.
public enum RootFilesystem: JSONCodable, Hashable {
    /// A folder that is used as it is.
    case directory(String)
    /// Read-only layers, topmost first, under a writable one. `upper` and `work` belong to the container's root.
    case overlay(lower: [String], upper: String, work: String)

    /// Reads `{"directory": …}` or `{"lower": […], "upper": …, "work": …}`.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        if let path: String = try object.optional("directory") {
            self = .directory(path)
        } else {
            self = .overlay(
                lower: try object.required("lower"), upper: try object.required("upper"),
                work: try object.required("work"))
        }
    }

    /// `{"directory": …}` or `{"lower": […], "upper": …, "work": …}`.
    public var json: JSONValue {
        switch self {
        case .directory(let path): ["directory": .string(path)]
        case .overlay(let lower, let upper, let work):
            ["lower": lower.json, "upper": .string(upper), "work": .string(work)]
        }
    }
}

/// A range of the host's user and group ids that a container's ids 0, 1, 2 … stand for.
public struct IDMap: JSONCodable, Hashable {
    /// The host's id of the container's root.
    public var hostID: UInt32
    /// How many ids there are.
    public var count: UInt32

    /// A range.
    public init(hostID: UInt32, count: UInt32) {
        self.hostID = hostID
        self.count = count
    }

    /// Reads `{"hostID": …, "count": …}`.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self.init(hostID: try object.required("hostID"), count: try object.required("count"))
    }

    /// `{"hostID": …, "count": …}`.
    public var json: JSONValue { ["hostID": hostID.json, "count": count.json] }
}
