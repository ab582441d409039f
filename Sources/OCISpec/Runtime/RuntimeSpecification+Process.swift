extension RuntimeSpecification {
    /// A process in the container.
    public struct Process: JSONCodable, Hashable {
        /// Whether the process gets a terminal.
        public var terminal: Bool
        /// The size of the terminal.
        public var consoleSize: ConsoleSize?
        /// Who it runs as.
        public var user: User
        /// The program and its arguments.
        public var args: [String]
        /// The environment, as `NAME=value`.
        public var env: [String]
        /// The working directory, an absolute path in the container.
        public var cwd: String
        /// Its capabilities; nil: none.
        public var capabilities: Capabilities?
        /// Its resource limits; those not named are inherited.
        public var rlimits: [Rlimit]
        /// Whether it and its children can never gain privileges by executing a program.
        public var noNewPrivileges: Bool
        /// The AppArmor profile.
        public var apparmorProfile: String?
        /// What is added to its score for the out-of-memory killer, from -1000 to 1000; nil: inherited.
        public var oomScoreAdj: Int?
        /// How it is scheduled; nil: inherited.
        public var scheduler: Scheduler?
        /// The SELinux context.
        public var selinuxLabel: String?
        /// Its I/O priority; nil: inherited.
        public var ioPriority: IOPriority?
        /// The CPUs of a process that enters the container later.
        public var execCPUAffinity: ExecCPUAffinity?

        /// Makes the value from its members.
        public init(
            terminal: Bool = false, consoleSize: ConsoleSize? = nil, user: User = User(), args: [String] = [],
            env: [String] = [], cwd: String = "/", capabilities: Capabilities? = nil, rlimits: [Rlimit] = [],
            noNewPrivileges: Bool = false, apparmorProfile: String? = nil, oomScoreAdj: Int? = nil,
            scheduler: Scheduler? = nil, selinuxLabel: String? = nil, ioPriority: IOPriority? = nil,
            execCPUAffinity: ExecCPUAffinity? = nil
        ) {
            self.terminal = terminal
            self.consoleSize = consoleSize
            self.user = user
            self.args = args
            self.env = env
            self.cwd = cwd
            self.capabilities = capabilities
            self.rlimits = rlimits
            self.noNewPrivileges = noNewPrivileges
            self.apparmorProfile = apparmorProfile
            self.oomScoreAdj = oomScoreAdj
            self.scheduler = scheduler
            self.selinuxLabel = selinuxLabel
            self.ioPriority = ioPriority
            self.execCPUAffinity = execCPUAffinity
        }
    }
}

extension RuntimeSpecification.Process {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        terminal = try object.optional("terminal") ?? false
        consoleSize = try object.optional("consoleSize")
        user = try object.optional("user") ?? User()
        args = try object.optional("args") ?? []
        env = try object.optional("env") ?? []
        cwd = try object.required("cwd")
        capabilities = try object.optional("capabilities")
        rlimits = try object.optional("rlimits") ?? []
        noNewPrivileges = try object.optional("noNewPrivileges") ?? false
        apparmorProfile = try object.nonEmpty("apparmorProfile")
        oomScoreAdj = try object.optional("oomScoreAdj")
        scheduler = try object.optional("scheduler")
        selinuxLabel = try object.nonEmpty("selinuxLabel")
        ioPriority = try object.optional("ioPriority")
        execCPUAffinity = try object.optional("execCPUAffinity")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("terminal", to: terminal, unless: false)
        object.set("consoleSize", to: consoleSize)
        object.set("user", to: user)
        object.setUnlessEmpty("args", to: args)
        object.setUnlessEmpty("env", to: env)
        object.set("cwd", to: cwd)
        object.set("capabilities", to: capabilities)
        object.setUnlessEmpty("rlimits", to: rlimits)
        object.set("noNewPrivileges", to: noNewPrivileges, unless: false)
        object.set("apparmorProfile", to: apparmorProfile)
        object.set("oomScoreAdj", to: oomScoreAdj)
        object.set("scheduler", to: scheduler)
        object.set("selinuxLabel", to: selinuxLabel)
        object.set("ioPriority", to: ioPriority)
        object.set("execCPUAffinity", to: execCPUAffinity)
        return .object(object)
    }
}

extension RuntimeSpecification.Process {
    /// The size of a terminal in characters.
    public struct ConsoleSize: JSONCodable, Hashable {
        /// Rows.
        public var height: UInt32
        /// Columns.
        public var width: UInt32

        /// Makes the value from its members.
        public init(height: UInt32, width: UInt32) {
            self.height = height
            self.width = width
        }
    }
}

extension RuntimeSpecification.Process.ConsoleSize {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        height = try object.required("height")
        width = try object.required("width")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("height", to: height)
        object.set("width", to: width)
        return .object(object)
    }
}

extension RuntimeSpecification.Process {
    /// The IDs of a process.
    public struct User: JSONCodable, Hashable {
        /// The user ID in the container.
        public var uid: UInt32
        /// The group ID in the container.
        public var gid: UInt32
        /// The file mode creation mask; nil: inherited, usually 0o022.
        public var umask: UInt32?
        /// The supplementary group IDs in the container, exactly these.
        public var additionalGids: [UInt32]

        /// Makes the value from its members.
        public init(uid: UInt32 = 0, gid: UInt32 = 0, umask: UInt32? = nil, additionalGids: [UInt32] = []) {
            self.uid = uid
            self.gid = gid
            self.umask = umask
            self.additionalGids = additionalGids
        }
    }
}

extension RuntimeSpecification.Process.User {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        uid = try object.required("uid")
        gid = try object.required("gid")
        umask = try object.optional("umask")
        additionalGids = try object.optional("additionalGids") ?? []
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("uid", to: uid)
        object.set("gid", to: gid)
        object.set("umask", to: umask)
        object.setUnlessEmpty("additionalGids", to: additionalGids)
        return .object(object)
    }
}

extension RuntimeSpecification.Process {
    /// A process's capability sets, by names such as `CAP_CHOWN`.
    public struct Capabilities: JSONCodable, Hashable {
        /// The most that executing a program can ever give.
        public var bounding: [String]
        /// What the kernel checks.
        public var effective: [String]
        /// What survives executing a program that has the same in its file.
        public var inheritable: [String]
        /// What the process can make effective.
        public var permitted: [String]
        /// What survives executing a program without capabilities in its file.
        public var ambient: [String]

        /// Makes the value from its members.
        public init(
            bounding: [String] = [], effective: [String] = [], inheritable: [String] = [], permitted: [String] = [],
            ambient: [String] = []
        ) {
            self.bounding = bounding
            self.effective = effective
            self.inheritable = inheritable
            self.permitted = permitted
            self.ambient = ambient
        }
    }
}

extension RuntimeSpecification.Process.Capabilities {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        bounding = try object.optional("bounding") ?? []
        effective = try object.optional("effective") ?? []
        inheritable = try object.optional("inheritable") ?? []
        permitted = try object.optional("permitted") ?? []
        ambient = try object.optional("ambient") ?? []
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.setUnlessEmpty("bounding", to: bounding)
        object.setUnlessEmpty("effective", to: effective)
        object.setUnlessEmpty("inheritable", to: inheritable)
        object.setUnlessEmpty("permitted", to: permitted)
        object.setUnlessEmpty("ambient", to: ambient)
        return .object(object)
    }
}

extension RuntimeSpecification.Process {
    /// A resource limit of a process.
    public struct Rlimit: JSONCodable, Hashable {
        /// The resource, for example `RLIMIT_NOFILE`.
        public var type: String
        /// The ceiling of the soft limit; `UInt64.max`: none.
        public var hard: UInt64
        /// The limit in force; `UInt64.max`: none.
        public var soft: UInt64

        /// Makes the value from its members.
        public init(type: String, hard: UInt64, soft: UInt64) {
            self.type = type
            self.hard = hard
            self.soft = soft
        }
    }
}

extension RuntimeSpecification.Process.Rlimit {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        type = try object.required("type")
        hard = try object.required("hard")
        soft = try object.required("soft")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("type", to: type)
        object.set("hard", to: hard)
        object.set("soft", to: soft)
        return .object(object)
    }
}
