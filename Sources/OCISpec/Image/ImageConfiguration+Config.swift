extension ImageConfiguration {
    /// What containers made from an image use unless told otherwise.
    public struct Config: JSONCodable, Hashable {
        /// Who the process runs as: a name or ID, and after a colon a group.
        public var user: String?
        /// The ports that the program listens at, for example `80/tcp`.
        public var exposedPorts: [String]
        /// The environment, as `NAME=value`.
        public var env: [String]
        /// The program and its first arguments.
        public var entrypoint: [String]
        /// The arguments that follow, or the program when there is no entry point.
        public var cmd: [String]
        /// Paths of the container whose content outlives it.
        public var volumes: [String]
        /// The working directory.
        public var workingDir: String?
        /// Free text by name.
        public var labels: [String: String]
        /// The signal that stops the process, by name or number.
        public var stopSignal: String?
        /// How Docker finds out whether the program works.
        public var healthcheck: Healthcheck?
        /// The shell of Docker's build commands.
        public var shell: [String]
        /// Docker's build commands for images built on this one.
        public var onBuild: [String]
        /// Whether the command is one line already, used by Windows only.
        public var argsEscaped: Bool

        /// Makes the value from its members.
        public init(
            user: String? = nil, exposedPorts: [String] = [], env: [String] = [], entrypoint: [String] = [],
            cmd: [String] = [], volumes: [String] = [], workingDir: String? = nil, labels: [String: String] = [:],
            stopSignal: String? = nil, healthcheck: Healthcheck? = nil, shell: [String] = [], onBuild: [String] = [],
            argsEscaped: Bool = false
        ) {
            self.user = user
            self.exposedPorts = exposedPorts
            self.env = env
            self.entrypoint = entrypoint
            self.cmd = cmd
            self.volumes = volumes
            self.workingDir = workingDir
            self.labels = labels
            self.stopSignal = stopSignal
            self.healthcheck = healthcheck
            self.shell = shell
            self.onBuild = onBuild
            self.argsEscaped = argsEscaped
        }
    }
}

extension ImageConfiguration.Config {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        user = try object.nonEmpty("User")
        exposedPorts = try object.optional("ExposedPorts", as: [String: JSONValue].self)?.keys.sorted() ?? []
        env = try object.optional("Env") ?? []
        entrypoint = try object.optional("Entrypoint") ?? []
        cmd = try object.optional("Cmd") ?? []
        volumes = try object.optional("Volumes", as: [String: JSONValue].self)?.keys.sorted() ?? []
        workingDir = try object.nonEmpty("WorkingDir")
        labels = try object.optional("Labels") ?? [:]
        stopSignal = try object.nonEmpty("StopSignal")
        healthcheck = try object.optional("Healthcheck")
        shell = try object.optional("Shell") ?? []
        onBuild = try object.optional("OnBuild") ?? []
        argsEscaped = try object.optional("ArgsEscaped") ?? false
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("User", to: user)
        object.setUnlessEmpty("ExposedPorts", to: Self.set(exposedPorts))
        object.setUnlessEmpty("Env", to: env)
        object.setUnlessEmpty("Entrypoint", to: entrypoint)
        object.setUnlessEmpty("Cmd", to: cmd)
        object.setUnlessEmpty("Volumes", to: Self.set(volumes))
        object.set("WorkingDir", to: workingDir)
        object.setUnlessEmpty("Labels", to: labels)
        object.set("StopSignal", to: stopSignal)
        object.set("Healthcheck", to: healthcheck)
        object.setUnlessEmpty("Shell", to: shell)
        object.setUnlessEmpty("OnBuild", to: onBuild)
        object.set("ArgsEscaped", to: argsEscaped, unless: false)
        return .object(object)
    }

    /// Go's form of a set: an object whose members are empty objects.
    private static func set(_ names: [String]) -> [String: JSONValue] {
        Dictionary(names.map { ($0, .object(JSONObject())) }, uniquingKeysWith: { first, _ in first })
    }
}

extension ImageConfiguration.Config {
    /// How Docker finds out whether a container's program works; times in nanoseconds, 0 stands for Docker's
    /// default.
    public struct Healthcheck: JSONCodable, Hashable {
        /// `NONE`, or `CMD` and a program, or `CMD-SHELL` and a line for the shell; empty: inherited.
        public var test: [String]
        /// The time between two checks.
        public var interval: Int64
        /// The time after which a check has failed.
        public var timeout: Int64
        /// The time in which failures do not count.
        public var startPeriod: Int64
        /// The time between two checks in the start period.
        public var startInterval: Int64
        /// How many failures in a row make the container unhealthy.
        public var retries: Int

        /// Makes the value from its members.
        public init(
            test: [String] = [], interval: Int64 = 0, timeout: Int64 = 0, startPeriod: Int64 = 0,
            startInterval: Int64 = 0, retries: Int = 0
        ) {
            self.test = test
            self.interval = interval
            self.timeout = timeout
            self.startPeriod = startPeriod
            self.startInterval = startInterval
            self.retries = retries
        }
    }
}

extension ImageConfiguration.Config.Healthcheck {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        test = try object.optional("Test") ?? []
        interval = try object.optional("Interval") ?? 0
        timeout = try object.optional("Timeout") ?? 0
        startPeriod = try object.optional("StartPeriod") ?? 0
        startInterval = try object.optional("StartInterval") ?? 0
        retries = try object.optional("Retries") ?? 0
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.setUnlessEmpty("Test", to: test)
        object.set("Interval", to: interval, unless: 0)
        object.set("Timeout", to: timeout, unless: 0)
        object.set("StartPeriod", to: startPeriod, unless: 0)
        object.set("StartInterval", to: startInterval, unless: 0)
        object.set("Retries", to: retries, unless: 0)
        return .object(object)
    }
}
