internal import Glibc
public import OCISpec

/// Where profiles come from: the built-in default, and files in the OCI and Docker forms.
public enum SeccompProfile {
    /// The built-in profile for a container that holds `capabilities` in its bounding set.
    ///
    /// An allow-list for all ABIs of the machine; everything else fails with EPERM, and calls newer than the list with
    /// ENOSYS. Without `CAP_SYS_ADMIN`, clone(2) makes no namespaces, and clone3(2), whose flags a filter cannot see,
    /// fails with ENOSYS, on which C libraries fall back to clone(2).
    public static func `default`(
        capabilities: CapabilitySet, kernel: KernelVersion = .running()
    ) -> RuntimeSpecification.Linux.Seccomp {
        typealias Seccomp = RuntimeSpecification.Linux.Seccomp
        func allow(_ name: String, _ comparison: Seccomp.Comparison, _ value: UInt64) -> Seccomp.Syscall {
            Seccomp.Syscall(
                names: [name], action: .allow, args: [Seccomp.Argument(index: 0, value: value, op: comparison)])
        }
        var rules = [Seccomp.Syscall(names: DefaultSyscalls.always + DefaultSyscalls.native, action: .allow)]
        if allowsTracing(kernel) {
            rules.append(Seccomp.Syscall(names: DefaultSyscalls.tracing, action: .allow))
        }
        rules.append(allow("socket", .less, DefaultSyscalls.firstClosedFamily))
        rules += DefaultSyscalls.openFamilies.map { allow("socket", .equal, $0) }
        rules += DefaultSyscalls.personalities.map { allow("personality", .equal, $0) }
        for (capability, names) in DefaultSyscalls.unlocked where capabilities.contains(capability) {
            rules.append(Seccomp.Syscall(names: names, action: .allow))
        }
        if !capabilities.contains(.sysAdmin) {
            rules.append(allow("clone", .maskedEqual, DefaultSyscalls.namespaceFlags))
            rules.append(Seccomp.Syscall(names: ["clone3"], action: .errno, errnoRet: UInt32(ENOSYS)))
        }
        return Seccomp(
            defaultAction: .errno, defaultErrnoRet: UInt32(EPERM),
            architectures: ([.native] + SeccompArchitecture.compatible).map(\.specification), syscalls: rules)
    }

    /// Whether ptrace(2) and its like are harmless on that kernel.
    static func allowsTracing(_ kernel: KernelVersion) -> Bool {
        kernel >= KernelVersion(4, 8)
    }

    /// The capabilities that make a difference to the built-in profile.
    static let relevantCapabilities = DefaultSyscalls.unlocked.reduce(into: CapabilitySet.none) {
        $0.insert($1.capability)
    }
}
