internal import OCISpec

/// Everything that a container's OCI configuration is made from; see ``RuntimeSpecification/init(_:)``.
struct SpecificationInput: Sendable, Hashable {
    /// The container's id.
    var id: String
    /// What was asked for.
    var configuration: ContainerConfiguration
    /// What the image says about running it.
    var image: ImageSettings
    /// Facts about this host.
    var facts: HostFacts
    /// The size of the process's terminal from the start; nil: not known.
    var terminalSize: TerminalSize?
    /// The ids that the user namespace maps to; nil in the host's user namespace.
    var idRange: IDRange?
    /// The host's folder behind the volume at each target: named ones, anonymous ones and those of the image.
    var volumes: [String: String] = [:]
    /// Namespaces of another container, as paths below /proc.
    var joined: [RuntimeSpecification.Linux.Namespace.Kind: String] = [:]
    /// Where /etc/hostname, /etc/hosts and /etc/resolv.conf of the container are on the host.
    var files: ContainerPaths
}

/// What comes out: the configuration of the container, and what only its runtime can look up.
struct SpecificationOutput: Sendable, Hashable {
    var specification: RuntimeSpecification
    /// Whether the runtime filters system calls by its own profile, whose compiled form it keeps; the specification names none.
    var usesDefaultSeccomp: Bool
    /// `name|uid[:group|gid]`, looked up in the container's own files.
    var user: String?
    /// The signal that asks the container to stop.
    var stopSignal: Int32
}
