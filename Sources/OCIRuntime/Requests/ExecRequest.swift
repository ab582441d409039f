public import LinuxSystem
public import OCISpec

/// Everything that `nestbox-runtime exec` needs to start one more process in a running container.
public struct ExecRequest: JSONCodable, Hashable {
    /// The container's id.
    public var containerID: String
    /// The container's own configuration: its namespaces and its seccomp profile are the new process's too.
    public var specification: RuntimeSpecification
    /// The new process.
    public var process: RuntimeSpecification.Process
    /// `name|uid[:group|gid]` to look up in the container's passwd and group files; nil: `process.user` counts.
    public var user: String?
    /// More groups of the process, names or ids, looked up likewise.
    public var additionalGroups: [String]
    /// The container's first process.
    public var containerProcess: ProcessIdentity
    /// The container's cgroup below the root of every hierarchy.
    public var cgroupPath: String
    /// The range of ids of the container's user namespace; nil: the host's user namespace.
    public var idMap: IDMap?
    /// Standard input is the client's; otherwise it is empty.
    public var openStdin: Bool
    /// Nobody listens: output is dropped and the session outlives its caller.
    public var detach: Bool
    /// The built-in seccomp profile for the process's capabilities, instead of `specification.linux.seccomp`.
    public var defaultSeccomp: Bool
    /// No seccomp filter at all (`exec --privileged`).
    public var privileged: Bool
    /// Where compiled seccomp programs are kept; nil: nowhere.
    public var seccompCacheDirectory: String?

    /// The folder of the ``EventLog`` where is told of its end; nil: nowhere is.
    public var eventFolder: String?
    /// The file with what is said of the container with every event, a JSON object.
    public var eventAttributesPath: String
    /// What its events call it, 64 hexadecimal digits.
    public var executionID: String

    /// A request for a process in a container.
    public init(
        containerID: String, specification: RuntimeSpecification, process: RuntimeSpecification.Process,
        containerProcess: ProcessIdentity, cgroupPath: String
    ) {
        self.containerID = containerID
        self.specification = specification
        self.process = process
        self.user = nil
        self.additionalGroups = []
        self.containerProcess = containerProcess
        self.cgroupPath = cgroupPath
        self.idMap = nil
        self.openStdin = false
        self.detach = false
        self.defaultSeccomp = false
        self.privileged = false
        self.seccompCacheDirectory = nil
        self.eventFolder = nil
        self.eventAttributesPath = ""
        self.executionID = ""
    }

    /// Reads a request.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self.init(
            containerID: try object.required("containerID"), specification: try object.required("specification"),
            process: try object.required("process"), containerProcess: try object.required("containerProcess"),
            cgroupPath: try object.required("cgroupPath"))
        user = try object.optional("user")
        additionalGroups = try object.optional("additionalGroups") ?? []
        idMap = try object.optional("idMap")
        openStdin = try object.optional("openStdin") ?? false
        detach = try object.optional("detach") ?? false
        defaultSeccomp = try object.optional("defaultSeccomp") ?? false
        privileged = try object.optional("privileged") ?? false
        eventFolder = try object.optional("eventFolder")
        eventAttributesPath = try object.optional("eventAttributesPath") ?? ""
        executionID = try object.optional("executionID") ?? ""
        seccompCacheDirectory = try object.optional("seccompCacheDirectory")
    }

    /// An object with the members' names.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("containerID", to: containerID)
        object.set("specification", to: specification)
        object.set("process", to: process)
        object.set("user", to: user)
        object.setUnlessEmpty("additionalGroups", to: additionalGroups)
        object.set("containerProcess", to: containerProcess)
        object.set("cgroupPath", to: cgroupPath)
        object.set("idMap", to: idMap)
        object.set("openStdin", to: openStdin, unless: false)
        object.set("detach", to: detach, unless: false)
        object.set("defaultSeccomp", to: defaultSeccomp, unless: false)
        object.set("privileged", to: privileged, unless: false)
        object.set("eventFolder", to: eventFolder)
        object.set("eventAttributesPath", to: eventAttributesPath, unless: "")
        object.set("executionID", to: executionID, unless: "")
        object.set("seccompCacheDirectory", to: seccompCacheDirectory)
        return .object(object)
    }
}
