extension RuntimeSpecification.Linux {
    /// The system call filter.
    public struct Seccomp: JSONCodable, Hashable {
        /// What happens to a system call that no rule is about.
        public var defaultAction: Action
        /// The error number of `errno` and `trace` as the default; nil: EPERM.
        public var defaultErrnoRet: UInt32?
        /// The architectures besides the kernel's own whose system calls are filtered.
        public var architectures: [Architecture]
        /// Flags of the filter.
        public var flags: [Flag]
        /// The Unix socket that gets the descriptor for `notify`.
        public var listenerPath: String?
        /// Text for the program that listens there.
        public var listenerMetadata: String?
        /// The rules.
        public var syscalls: [Syscall]

        /// Makes the value from its members.
        public init(
            defaultAction: Action, defaultErrnoRet: UInt32? = nil, architectures: [Architecture] = [],
            flags: [Flag] = [], listenerPath: String? = nil, listenerMetadata: String? = nil, syscalls: [Syscall] = []
        ) {
            self.defaultAction = defaultAction
            self.defaultErrnoRet = defaultErrnoRet
            self.architectures = architectures
            self.flags = flags
            self.listenerPath = listenerPath
            self.listenerMetadata = listenerMetadata
            self.syscalls = syscalls
        }
    }
}

extension RuntimeSpecification.Linux.Seccomp {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        defaultAction = try object.required("defaultAction")
        defaultErrnoRet = try object.optional("defaultErrnoRet")
        architectures = try object.optional("architectures") ?? []
        flags = try object.optional("flags") ?? []
        listenerPath = try object.nonEmpty("listenerPath")
        listenerMetadata = try object.nonEmpty("listenerMetadata")
        syscalls = try object.optional("syscalls") ?? []
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("defaultAction", to: defaultAction)
        object.set("defaultErrnoRet", to: defaultErrnoRet)
        object.setUnlessEmpty("architectures", to: architectures)
        object.setUnlessEmpty("flags", to: flags)
        object.set("listenerPath", to: listenerPath)
        object.set("listenerMetadata", to: listenerMetadata)
        object.setUnlessEmpty("syscalls", to: syscalls)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.Seccomp {
    /// A rule about some system calls.
    public struct Syscall: JSONCodable, Hashable {
        /// The system calls.
        public var names: [String]
        /// What happens to them.
        public var action: Action
        /// The error number of `errno` and `trace`; nil: EPERM.
        public var errnoRet: UInt32?
        /// Conditions that all must hold; empty: none.
        public var args: [Argument]

        /// Makes the value from its members.
        public init(names: [String], action: Action, errnoRet: UInt32? = nil, args: [Argument] = []) {
            self.names = names
            self.action = action
            self.errnoRet = errnoRet
            self.args = args
        }
    }
}

extension RuntimeSpecification.Linux.Seccomp.Syscall {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        names = try object.list("names")
        action = try object.required("action")
        errnoRet = try object.optional("errnoRet")
        args = try object.optional("args") ?? []
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("names", to: names)
        object.set("action", to: action)
        object.set("errnoRet", to: errnoRet)
        object.setUnlessEmpty("args", to: args)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.Seccomp {
    /// A condition on an argument of a system call.
    public struct Argument: JSONCodable, Hashable {
        /// Which argument, from 0 to 5.
        public var index: UInt32
        /// What it is compared with; the mask of `maskedEqual`.
        public var value: UInt64
        /// What the masked argument is compared with, for `maskedEqual`.
        public var valueTwo: UInt64
        /// How it is compared.
        public var op: Comparison

        /// Makes the value from its members.
        public init(index: UInt32, value: UInt64, valueTwo: UInt64 = 0, op: Comparison) {
            self.index = index
            self.value = value
            self.valueTwo = valueTwo
            self.op = op
        }
    }
}

extension RuntimeSpecification.Linux.Seccomp.Argument {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        index = try object.required("index")
        value = try object.required("value")
        valueTwo = try object.optional("valueTwo") ?? 0
        op = try object.required("op")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("index", to: index)
        object.set("value", to: value)
        object.set("valueTwo", to: valueTwo, unless: 0)
        object.set("op", to: op)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.Seccomp {
    /// What happens to a system call.
    public enum Action: String, JSONCodable, Hashable, CaseIterable {
        /// Kill the thread; the old name of `killThread`.
        case kill = "SCMP_ACT_KILL"
        /// Kill the whole process.
        case killProcess = "SCMP_ACT_KILL_PROCESS"
        /// Kill the thread.
        case killThread = "SCMP_ACT_KILL_THREAD"
        /// Send SIGSYS.
        case trap = "SCMP_ACT_TRAP"
        /// Fail with an error number.
        case errno = "SCMP_ACT_ERRNO"
        /// Ask the tracer; without one, fail with ENOSYS.
        case trace = "SCMP_ACT_TRACE"
        /// Carry it out.
        case allow = "SCMP_ACT_ALLOW"
        /// Carry it out and log it.
        case log = "SCMP_ACT_LOG"
        /// Ask the program that listens at `listenerPath`.
        case notify = "SCMP_ACT_NOTIFY"
    }
}

extension RuntimeSpecification.Linux.Seccomp {
    /// How an argument is compared.
    public enum Comparison: String, JSONCodable, Hashable, CaseIterable {
        /// Is not the value.
        case notEqual = "SCMP_CMP_NE"
        /// Is less than the value.
        case less = "SCMP_CMP_LT"
        /// Is the value or less.
        case lessOrEqual = "SCMP_CMP_LE"
        /// Is the value.
        case equal = "SCMP_CMP_EQ"
        /// Is the value or greater.
        case greaterOrEqual = "SCMP_CMP_GE"
        /// Is greater than the value.
        case greater = "SCMP_CMP_GT"
        /// Masked with `value` is `valueTwo`.
        case maskedEqual = "SCMP_CMP_MASKED_EQ"
    }
}

extension RuntimeSpecification.Linux.Seccomp {
    /// A flag of the filter, as in `seccomp(2)`.
    public enum Flag: String, JSONCodable, Hashable, CaseIterable {
        /// All threads get the filter.
        case threadSync = "SECCOMP_FILTER_FLAG_TSYNC"
        /// All actions but `allow` are logged.
        case log = "SECCOMP_FILTER_FLAG_LOG"
        /// Speculative store bypass stays allowed.
        case speculationAllowed = "SECCOMP_FILTER_FLAG_SPEC_ALLOW"
        /// A call being decided by a listener can only be interrupted by a fatal signal.
        case waitKillable = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
    }
}

extension RuntimeSpecification.Linux.Seccomp {
    /// A machine architecture as libseccomp names it.
    public enum Architecture: String, JSONCodable, Hashable, CaseIterable {
        /// `X86`.
        case x86 = "SCMP_ARCH_X86"
        /// `X86_64`.
        case x86_64 = "SCMP_ARCH_X86_64"
        /// `X32`.
        case x32 = "SCMP_ARCH_X32"
        /// `ARM`.
        case arm = "SCMP_ARCH_ARM"
        /// `AARCH64`.
        case aarch64 = "SCMP_ARCH_AARCH64"
        /// `MIPS`.
        case mips = "SCMP_ARCH_MIPS"
        /// `MIPS64`.
        case mips64 = "SCMP_ARCH_MIPS64"
        /// `MIPS64N32`.
        case mips64n32 = "SCMP_ARCH_MIPS64N32"
        /// `MIPSEL`.
        case mipsel = "SCMP_ARCH_MIPSEL"
        /// `MIPSEL64`.
        case mipsel64 = "SCMP_ARCH_MIPSEL64"
        /// `MIPSEL64N32`.
        case mipsel64n32 = "SCMP_ARCH_MIPSEL64N32"
        /// `PPC`.
        case ppc = "SCMP_ARCH_PPC"
        /// `PPC64`.
        case ppc64 = "SCMP_ARCH_PPC64"
        /// `PPC64LE`.
        case ppc64le = "SCMP_ARCH_PPC64LE"
        /// `S390`.
        case s390 = "SCMP_ARCH_S390"
        /// `S390X`.
        case s390x = "SCMP_ARCH_S390X"
        /// `PARISC`.
        case parisc = "SCMP_ARCH_PARISC"
        /// `PARISC64`.
        case parisc64 = "SCMP_ARCH_PARISC64"
        /// `RISCV64`.
        case riscv64 = "SCMP_ARCH_RISCV64"
        /// `LOONGARCH64`.
        case loongarch64 = "SCMP_ARCH_LOONGARCH64"
        /// `M68K`.
        case m68k = "SCMP_ARCH_M68K"
        /// `SH`.
        case sh = "SCMP_ARCH_SH"
        /// `SHEB`.
        case sheb = "SCMP_ARCH_SHEB"
    }
}
