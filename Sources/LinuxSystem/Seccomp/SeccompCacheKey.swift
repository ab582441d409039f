internal import OCISpec

/// All that a compiled filter depends on, as bytes: equal keys, equal filters.
struct SeccompCacheKey {
    private(set) var bytes: [UInt8] = []

    /// The key of the built-in profile: a few numbers instead of some hundred names.
    init(defaultFor capabilities: CapabilitySet, kernel: KernelVersion) {
        begin(kind: 0)
        append(capabilities.intersection(SeccompProfile.relevantCapabilities).mask)
        append(SeccompProfile.allowsTracing(kernel) ? 1 : 0)
    }

    /// The key of a profile by its content.
    init(_ profile: RuntimeSpecification.Linux.Seccomp) {
        bytes.reserveCapacity(16 << 10)
        begin(kind: 1)
        append(profile.defaultAction.rawValue)
        append(profile.defaultErrnoRet)
        append(UInt64(SeccompFilter.flags(of: profile)))
        let architectures = SeccompArchitecture.listed(in: profile)
        append(UInt64(architectures.count))
        for architecture in architectures { append(architecture.rawValue) }
        append(UInt64(profile.syscalls.count))
        for rule in profile.syscalls {
            append(rule.action.rawValue)
            append(rule.errnoRet)
            append(UInt64(rule.names.count))
            for name in rule.names { append(name) }
            append(UInt64(rule.args.count))
            for argument in rule.args {
                append(UInt64(argument.index))
                append(argument.value)
                append(argument.valueTwo)
                append(argument.op.rawValue)
            }
        }
    }

    /// A file name for the key; two keys may share one, which the comparison of the keys finds out.
    var fileName: String {
        let digits = String(bytes.withUnsafeBytes(SeccompCacheEntry.hash), radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits + SeccompCacheEntry.suffix
    }

    private mutating func begin(kind: UInt64) {
        append(UInt64(SeccompCompiler.version))
        let library = SeccompCompiler.libraryVersion
        append(UInt64(library.major) << 32 | UInt64(library.minor) << 16 | UInt64(library.micro))
        append(SeccompArchitecture.native.rawValue)
        append(kind)
    }

    private mutating func append(_ number: UInt64) {
        withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
    }

    private mutating func append(_ number: UInt32?) {
        append(number.map(UInt64.init) ?? .max)
    }

    private mutating func append(_ text: String) {
        append(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }
}
