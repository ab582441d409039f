internal import LinuxSystem
internal import OCISpec

/// Refuses what a configuration asks for and this runtime cannot give: nothing that was asked for is passed over in silence.
enum SpecificationCheck {
    /// - Throws: `LaunchError` naming the member.
    static func check(_ specification: RuntimeSpecification) throws(LaunchError) {
        try checkVersion(specification.ociVersion)
        guard let process = specification.process else { throw refusal("process", "it must be there") }
        guard !process.args.isEmpty else { throw refusal("process.args", "it must not be empty") }
        guard process.cwd.begins(with: "/") else { throw refusal("process.cwd", "it must be an absolute path") }
        guard specification.root != nil else { throw refusal("root", "it must be there") }
        try check(process)
        try ValueCheck.check(specification)
        let linux = specification.linux ?? .init()
        try check(linux)
        try ParameterCheck.check(linux)
        try MemberCheck.check(specification, linux)
        try SharedMountCheck.check(specification)
        let hasUTS = linux.namespaces.contains { $0.type == .uts }
        if specification.hostname != nil, !hasUTS {
            throw refusal("hostname", "without a UTS namespace it would be the host's")
        }
        if specification.domainname != nil, !hasUTS {
            throw refusal("domainname", "without a UTS namespace it would be the host's")
        }
    }

    /// Any version 1 is understood.
    private static func checkVersion(_ version: String) throws(LaunchError) {
        // By hand: a list of parts would be one more kind of list to set up at every start.
        var rest = version.utf8[...]
        func nextPart() -> Int? {
            guard let point = rest.firstIndex(of: UInt8(ascii: ".")) else { return nil }
            defer { rest = rest[rest.index(after: point)...] }
            return Int(Substring(rest[..<point]))
        }
        guard let major = nextPart(), nextPart() != nil else {
            throw refusal("ociVersion", "\(version) is no version")
        }
        guard major == 1 else {
            throw refusal(
                "ociVersion", "\(version) is not supported; this runtime knows \(RuntimeSpecification.version)")
        }
    }

    /// Refuses what a process asks for in vain.
    static func check(_ process: RuntimeSpecification.Process) throws(LaunchError) {
        try ValueCheck.check(process.user)
        try MemberCheck.check(process.rlimits)
        if process.selinuxLabel != nil { throw refusal("process.selinuxLabel", "SELinux is not supported") }
        if process.apparmorProfile != nil, !AppArmor.isEnabled {
            throw refusal("process.apparmorProfile", "AppArmor is not enabled in this kernel")
        }
    }

    private static func check(_ linux: RuntimeSpecification.Linux) throws(LaunchError) {
        if linux.mountLabel != nil { throw refusal("linux.mountLabel", "SELinux is not supported") }
        if linux.intelRdt != nil { throw refusal("linux.intelRdt", "resource director technology is not supported") }
        try NetworkDeviceCheck.check(linux)
        let clocks = linux.timeOffsets.keys.filter { $0 != "monotonic" && $0 != "boottime" }
        if let clock = clocks.first { throw refusal("linux.timeOffsets", "\(clock) is no clock of a time namespace") }
        if !linux.timeOffsets.isEmpty, !linux.namespaces.contains(where: { $0.type == .time && $0.path == nil }) {
            throw refusal("linux.timeOffsets", "they need a new time namespace")
        }
        if linux.seccomp?.listenerPath == nil, linux.seccomp?.listenerMetadata != nil {
            throw refusal("linux.seccomp.listenerMetadata", "it needs a listenerPath")
        }
        let users = linux.namespaces.filter { $0.type == .user && $0.path == nil }
        if !users.isEmpty, linux.uidMappings.isEmpty || linux.gidMappings.isEmpty {
            throw refusal("linux.uidMappings", "a new user namespace needs it, and linux.gidMappings")
        }
        if !linux.namespaces.contains(where: { $0.type == .user }),
            !linux.uidMappings.isEmpty || !linux.gidMappings.isEmpty
        {
            throw refusal("linux.uidMappings", "without a user namespace they mean nothing, nor do linux.gidMappings")
        }
        if let propagation = linux.rootfsPropagation, MountOptions.rootPropagation(propagation) == nil {
            throw refusal("linux.rootfsPropagation", "\(propagation) is unknown")
        }
    }

    private static func refusal(_ member: String, _ reason: String) -> LaunchError {
        LaunchError("cannot use the configuration: \(member): \(reason)")
    }
}
