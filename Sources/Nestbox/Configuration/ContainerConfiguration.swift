public import ContainerNetwork
public import OCIRuntime
public import OCISpec

/// What a caller asks for when it makes a container: Docker's `Config` and `HostConfig` in one value.
///
/// Nothing in here is resolved yet: names of users, images, volumes and containers are looked up by the engine.
public struct ContainerConfiguration: Sendable, Hashable {
    /// The container's name; nil: the engine makes one up.
    public var name: String?
    /// The image's reference, id or unique id prefix.
    public var image: String
    /// The command and its arguments; empty: the image's `Cmd`, unless `entrypoint` is set.
    public var command: [String]
    /// Replaces the image's `Entrypoint` (and drops its `Cmd`); nil: the image's; empty: none.
    public var entrypoint: [String]?
    /// `NAME=value` entries that are added to the image's; one without `=` removes the image's variable.
    public var environment: [String]
    /// The working directory; nil: the image's.
    public var workingDirectory: String?
    /// `name|uid[:group|gid]`; nil: the image's.
    public var user: String?
    /// The host name; nil: the first 12 digits of the id, or the host's in the host's UTS namespace.
    public var hostname: String?
    /// The NIS domain name; nil: not set.
    public var domainname: String?
    /// Labels, added to the image's.
    public var labels: [String: String]
    /// OCI annotations.
    public var annotations: [String: String]
    /// Keep standard input open even when nobody is attached (`-i`).
    public var interactive: Bool
    /// Give the process a pseudo terminal (`-t`).
    public var tty: Bool
    /// The streams that the starting command attaches to; empty: detached.
    public var attach: StandardStreams
    /// Remove the container and its anonymous volumes once it has exited (`--rm`).
    public var autoRemove: Bool
    /// Whether it is started again after its end (`--restart`).
    public var restart: RestartPolicy
    /// How its health is found out; nil: as the image says.
    public var health: HealthConfiguration?
    /// Run an init inside that forwards signals and reaps processes (`--init`).
    public var initProcess: Bool
    /// The signal that `stop` sends, a name or number that ``SignalName`` has accepted; nil: the image's, or SIGTERM.
    public var stopSignal: String?
    /// Seconds that `stop` waits before it kills; -1: forever; nil: 10.
    public var stopTimeout: Int?
    /// Mount the root file system read-only.
    public var readOnly: Bool
    /// All capabilities, all devices, nothing masked, no seccomp, the host's user namespace.
    public var privileged: Bool
    /// The network.
    public var network: NetworkMode
    /// Ports to publish.
    public var ports: [PortMapping]
    /// Publish every port that the image or ``exposed`` names, on free ports of the host.
    public var publishAll: Bool
    /// Ports that the container serves, as `80/tcp`, besides those that the image names.
    public var exposed: [String]
    /// Names and name servers that the container sees.
    public var names: NameConfiguration
    /// The PID namespace.
    public var pid: NamespaceMode
    /// The IPC namespace.
    public var ipc: NamespaceMode
    /// The UTS namespace.
    public var uts: NamespaceMode
    /// The cgroup namespace.
    public var cgroupns: NamespaceMode
    /// The user namespace; nil: private, unless privileged or a host namespace asks for the host's.
    public var userns: NamespaceMode?
    /// Bytes of `/dev/shm`; nil: 64 MiB.
    public var shmSize: Int64?
    /// Bytes that the container may write into its own layer: files that it makes, changes or copies there, not those of volumes and
    /// other mounts; nil: as many as the disk has.
    ///
    /// The file system of the engine's root must have project quotas: xfs, or ext4 made with `-O quota,project`, mounted with
    /// `prjquota`. Otherwise the container is not made. A container with the host's user namespace whose root wants to
    /// get around it can: it may give its files to another project.
    public var storageSize: Int64?
    /// Bind mounts, volumes and tmpfs mounts, in the order they were given; no two share a target.
    public var mounts: [MountConfiguration]
    /// Containers whose mounts are made here, too.
    public var volumesFrom: [VolumeSource]
    /// What may be done to devices besides, whether they are offered or not.
    public var deviceRules: [RuntimeSpecification.Linux.Resources.DeviceRule]
    /// What the image must be made for; nil: whatever it is.
    public var platform: Platform?
    /// Devices of the host to offer.
    public var devices: [DeviceMapping]
    /// Resource limits of the process.
    public var ulimits: [Ulimit]
    /// Kernel parameters of the container's namespaces, by dotted name.
    public var sysctls: [String: String]
    /// Capabilities to add, as given, or `ALL`; ``CapabilityList`` has checked their form.
    public var capAdd: [String]
    /// Capabilities to drop, as given, or `ALL`.
    public var capDrop: [String]
    /// Seccomp, no_new_privs and masking.
    public var securityOptions: SecurityOptions
    /// Where its output is kept.
    public var log: LogConfiguration
    /// Additional groups of the process, names or ids.
    public var groupAdd: [String]
    /// The cgroup's limits.
    public var resources: ResourceConfiguration
    /// The kernel's preference to kill this container when memory is short, -1000…1000; nil: unchanged.
    public var oomScoreAdjust: Int?

    /// A container of `image` with Docker's defaults for all the rest.
    public init(image: String, command: [String] = []) {
        self.image = image
        self.command = command
        environment = []
        labels = [:]
        annotations = [:]
        interactive = false
        tty = false
        attach = []
        autoRemove = false
        restart = .no
        initProcess = false
        readOnly = false
        privileged = false
        network = .bridge
        ports = []
        publishAll = false
        exposed = []
        names = NameConfiguration()
        pid = .private
        ipc = .private
        uts = .private
        cgroupns = .private
        mounts = []
        volumesFrom = []
        deviceRules = []
        devices = []
        ulimits = []
        sysctls = [:]
        capAdd = []
        capDrop = []
        securityOptions = SecurityOptions()
        log = LogConfiguration()
        groupAdd = []
        resources = ResourceConfiguration()
    }
}

/// A set of the three standard streams.
public struct StandardStreams: OptionSet, Sendable, Hashable {
    /// One bit a stream.
    public let rawValue: UInt8

    /// A set from its bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Standard input.
    public static let input = StandardStreams(rawValue: 1)
    /// Standard output.
    public static let output = StandardStreams(rawValue: 2)
    /// Standard error.
    public static let error = StandardStreams(rawValue: 4)
}
