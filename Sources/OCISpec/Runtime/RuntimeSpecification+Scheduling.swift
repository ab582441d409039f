extension RuntimeSpecification.Process {
    /// How the kernel schedules a process, as in `sched_setattr(2)`.
    public struct Scheduler: JSONCodable, Hashable {
        /// The policy.
        public var policy: Policy
        /// The nice value, from -20 to 19.
        public var nice: Int32
        /// The static priority of the real-time policies.
        public var priority: Int32
        /// Flags.
        public var flags: [Flag]
        /// Nanoseconds of each period that a deadline process may run.
        public var runtime: UInt64
        /// Nanoseconds until which a deadline process must have had them.
        public var deadline: UInt64
        /// The length of the period of a deadline process in nanoseconds.
        public var period: UInt64

        /// Makes the value from its members.
        public init(
            policy: Policy, nice: Int32 = 0, priority: Int32 = 0, flags: [Flag] = [], runtime: UInt64 = 0,
            deadline: UInt64 = 0, period: UInt64 = 0
        ) {
            self.policy = policy
            self.nice = nice
            self.priority = priority
            self.flags = flags
            self.runtime = runtime
            self.deadline = deadline
            self.period = period
        }
    }
}

extension RuntimeSpecification.Process.Scheduler {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        policy = try object.required("policy")
        nice = try object.optional("nice") ?? 0
        priority = try object.optional("priority") ?? 0
        flags = try object.optional("flags") ?? []
        runtime = try object.optional("runtime") ?? 0
        deadline = try object.optional("deadline") ?? 0
        period = try object.optional("period") ?? 0
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("policy", to: policy)
        object.set("nice", to: nice, unless: 0)
        object.set("priority", to: priority, unless: 0)
        object.setUnlessEmpty("flags", to: flags)
        object.set("runtime", to: runtime, unless: 0)
        object.set("deadline", to: deadline, unless: 0)
        object.set("period", to: period, unless: 0)
        return .object(object)
    }
}

extension RuntimeSpecification.Process.Scheduler {
    /// A scheduling policy.
    public enum Policy: String, JSONCodable, Hashable, CaseIterable {
        /// The usual one.
        case other = "SCHED_OTHER"
        /// First in, first out; real-time.
        case fifo = "SCHED_FIFO"
        /// Round robin; real-time.
        case roundRobin = "SCHED_RR"
        /// For batch work.
        case batch = "SCHED_BATCH"
        /// Reserved by the kernel, not implemented.
        case iso = "SCHED_ISO"
        /// For work of the lowest priority.
        case idle = "SCHED_IDLE"
        /// By deadlines.
        case deadline = "SCHED_DEADLINE"
    }
}

extension RuntimeSpecification.Process.Scheduler {
    /// A scheduling flag.
    public enum Flag: String, JSONCodable, Hashable, CaseIterable {
        /// Children start with the usual policy.
        case resetOnFork = "SCHED_FLAG_RESET_ON_FORK"
        /// A deadline process may use what others leave.
        case reclaim = "SCHED_FLAG_RECLAIM"
        /// A deadline process gets SIGXCPU when it runs too long.
        case deadlineOverrun = "SCHED_FLAG_DL_OVERRUN"
        /// The policy stays as it is.
        case keepPolicy = "SCHED_FLAG_KEEP_POLICY"
        /// The parameters stay as they are.
        case keepParameters = "SCHED_FLAG_KEEP_PARAMS"
        /// The lower utilization clamp is set.
        case utilizationClampMinimum = "SCHED_FLAG_UTIL_CLAMP_MIN"
        /// The upper utilization clamp is set.
        case utilizationClampMaximum = "SCHED_FLAG_UTIL_CLAMP_MAX"
    }
}

extension RuntimeSpecification.Process {
    /// A process's I/O priority, as in `ioprio_set(2)`.
    public struct IOPriority: JSONCodable, Hashable {
        /// The class.
        public var `class`: Class
        /// The priority inside the class, from 0 (highest) to 7.
        public var priority: Int

        /// Makes the value from its members.
        public init(class: Class, priority: Int = 0) {
            self.class = `class`
            self.priority = priority
        }
    }
}

extension RuntimeSpecification.Process.IOPriority {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        `class` = try object.required("class")
        priority = try object.optional("priority") ?? 0
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("class", to: `class`)
        object.set("priority", to: priority)
        return .object(object)
    }
}

extension RuntimeSpecification.Process.IOPriority {
    /// A class of I/O priorities.
    public enum Class: String, JSONCodable, Hashable, CaseIterable {
        /// Before all others.
        case realTime = "IOPRIO_CLASS_RT"
        /// The usual one.
        case bestEffort = "IOPRIO_CLASS_BE"
        /// Only when nobody else needs the disk.
        case idle = "IOPRIO_CLASS_IDLE"
    }
}

extension RuntimeSpecification.Process {
    /// The CPUs of a process that enters the container, as lists such as `0-3,7`.
    public struct ExecCPUAffinity: JSONCodable, Hashable {
        /// Until it has moved into the container's cgroup.
        public var initial: String?
        /// After that.
        public var final: String?

        /// Makes the value from its members.
        public init(initial: String? = nil, final: String? = nil) {
            self.initial = initial
            self.final = final
        }
    }
}

extension RuntimeSpecification.Process.ExecCPUAffinity {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        initial = try object.nonEmpty("initial")
        final = try object.nonEmpty("final")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("initial", to: initial)
        object.set("final", to: final)
        return .object(object)
    }
}
