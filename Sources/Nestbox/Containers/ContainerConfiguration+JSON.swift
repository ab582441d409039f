internal import ContainerNetwork
internal import OCIRuntime
public import OCISpec

/// The form in which a container's record keeps what was asked for: members that have their default are left out.
extension ContainerConfiguration: JSONCodable {
    /// Reads the form that `json` writes.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self.init(image: try object.required("image"), command: try object.optional("command") ?? [])
        name = try object.optional("name")
        entrypoint = try object.optional("entrypoint")
        environment = try object.optional("environment") ?? []
        workingDirectory = try object.optional("workingDirectory")
        user = try object.optional("user")
        hostname = try object.optional("hostname")
        domainname = try object.optional("domainname")
        labels = try object.optional("labels") ?? [:]
        annotations = try object.optional("annotations") ?? [:]
        interactive = try object.optional("interactive") ?? false
        tty = try object.optional("tty") ?? false
        attach = StandardStreams(rawValue: try object.optional("attach") ?? 0)
        autoRemove = try object.optional("autoRemove") ?? false
        restart = try object.optional("restart") ?? .no
        health = try object.optional("health")
        initProcess = try object.optional("initProcess") ?? false
        stopSignal = try object.optional("stopSignal")
        stopTimeout = try object.optional("stopTimeout")
        readOnly = try object.optional("readOnly") ?? false
        privileged = try object.optional("privileged") ?? false
        try readNamespaces(object)
        shmSize = try object.optional("shmSize")
        storageSize = try object.optional("storageSize")
        mounts = try object.optional("mounts") ?? []
        volumesFrom = try object.optional("volumesFrom") ?? []
        deviceRules = try object.optional("deviceRules") ?? []
        devices = try object.optional("devices") ?? []
        ulimits = try object.optional("ulimits") ?? []
        sysctls = try object.optional("sysctls") ?? [:]
        capAdd = try object.optional("capAdd") ?? []
        capDrop = try object.optional("capDrop") ?? []
        securityOptions = try object.optional("securityOptions") ?? SecurityOptions()
        log = try object.optional("log") ?? LogConfiguration()
        groupAdd = try object.optional("groupAdd") ?? []
        resources = try object.optional("resources") ?? ResourceConfiguration()
        oomScoreAdjust = try object.optional("oomScoreAdjust")
    }

    private mutating func readNamespaces(_ object: JSONObject) throws(JSONError) {
        network = try object.optional("network") ?? .none
        ports = try object.optional("ports") ?? []
        publishAll = try object.optional("publishAll") ?? false
        exposed = try object.optional("exposed") ?? []
        names = try object.optional("names") ?? NameConfiguration()
        pid = try object.optional("pid") ?? .private
        ipc = try object.optional("ipc") ?? .private
        uts = try object.optional("uts") ?? .private
        cgroupns = try object.optional("cgroupns") ?? .private
        userns = try object.optional("userns")
    }

    /// The JSON form.
    public var json: JSONValue {
        var object: JSONObject = ["image": .string(image)]
        object.setUnlessEmpty("command", to: command)
        object.set("name", to: name)
        object.set("entrypoint", to: entrypoint)
        object.setUnlessEmpty("environment", to: environment)
        object.set("workingDirectory", to: workingDirectory)
        object.set("user", to: user)
        object.set("hostname", to: hostname)
        object.set("domainname", to: domainname)
        object.setUnlessEmpty("labels", to: labels)
        object.setUnlessEmpty("annotations", to: annotations)
        object.set("interactive", to: interactive, unless: false)
        object.set("tty", to: tty, unless: false)
        object.set("attach", to: attach.rawValue, unless: 0)
        object.set("autoRemove", to: autoRemove, unless: false)
        object.set("restart", to: restart, unless: .no)
        object.set("health", to: health)
        object.set("initProcess", to: initProcess, unless: false)
        object.set("stopSignal", to: stopSignal)
        object.set("stopTimeout", to: stopTimeout)
        object.set("readOnly", to: readOnly, unless: false)
        object.set("privileged", to: privileged, unless: false)
        object.set("network", to: network, unless: .none)
        object.setUnlessEmpty("ports", to: ports)
        object.set("publishAll", to: publishAll, unless: false)
        object.setUnlessEmpty("exposed", to: exposed)
        object.set("names", to: names, unless: NameConfiguration())
        object.set("pid", to: pid, unless: .private)
        object.set("ipc", to: ipc, unless: .private)
        object.set("uts", to: uts, unless: .private)
        object.set("cgroupns", to: cgroupns, unless: .private)
        object.set("userns", to: userns)
        object.set("shmSize", to: shmSize)
        object.set("storageSize", to: storageSize)
        object.setUnlessEmpty("mounts", to: mounts)
        object.setUnlessEmpty("volumesFrom", to: volumesFrom)
        object.setUnlessEmpty("deviceRules", to: deviceRules)
        object.setUnlessEmpty("devices", to: devices)
        object.setUnlessEmpty("ulimits", to: ulimits)
        object.setUnlessEmpty("sysctls", to: sysctls)
        object.setUnlessEmpty("capAdd", to: capAdd)
        object.setUnlessEmpty("capDrop", to: capDrop)
        object.set("securityOptions", to: securityOptions, unless: SecurityOptions())
        object.set("log", to: log, unless: LogConfiguration())
        object.setUnlessEmpty("groupAdd", to: groupAdd)
        object.set("resources", to: resources, unless: ResourceConfiguration())
        object.set("oomScoreAdjust", to: oomScoreAdjust)
        return .object(object)
    }
}

extension NamespaceMode: JSONCodable {
    /// Reads `private`, `host` or `container:<name>`.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let text = try String(json: json)
        switch text {
        case "private": self = .private
        case "host": self = .host
        default:
            guard text.hasPrefix("container:") else { throw JSONError("unknown namespace mode \(text)") }
            self = .container(String(text.dropFirst("container:".count)))
        }
    }

    /// The text, as in Docker's `HostConfig`.
    public var json: JSONValue {
        switch self {
        case .private: "private"
        case .host: "host"
        case .container(let name): .string("container:" + name)
        }
    }
}

extension NetworkMode: JSONCodable {
    /// Reads `none`, `host`, `container:<name>`, `task:<name>` or a list of networks.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        if case .array = json {
            self = .networks(try [EndpointRequest](json: json))
            return
        }
        switch try String(json: json) {
        case "host": self = .host
        case "none": self = .none
        case let text:
            if text.hasPrefix("task:") {
                self = .task(String(text.dropFirst("task:".count)))
                return
            }
            guard text.hasPrefix("container:") else { throw JSONError("unknown network mode \(text)") }
            self = .container(String(text.dropFirst("container:".count)))
        }
    }

    /// The text, or the networks.
    public var json: JSONValue {
        switch self {
        case .host, .none, .container, .task: .string(text)
        case .networks(let requests): requests.json
        }
    }
}

extension SecurityOptions: JSONCodable {
    /// Reads the form that `json` writes.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        let profile: String? = try object.optional("seccompProfile")
        let unconfined = try object.optional("seccompUnconfined") ?? false
        self.init(
            noNewPrivileges: try object.optional("noNewPrivileges") ?? false,
            seccomp: profile.map { .profile($0) } ?? (unconfined ? .unconfined : .default),
            systemPathsUnconfined: try object.optional("systemPathsUnconfined") ?? false)
    }

    /// The JSON form.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("noNewPrivileges", to: noNewPrivileges, unless: false)
        switch seccomp {
        case .default: break
        case .unconfined: object["seccompUnconfined"] = true
        case .profile(let text): object["seccompProfile"] = .string(text)
        }
        object.set("systemPathsUnconfined", to: systemPathsUnconfined, unless: false)
        return .object(object)
    }
}
