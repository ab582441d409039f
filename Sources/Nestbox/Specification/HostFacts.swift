internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// What the specification of a container depends on besides the configuration and the image: facts about this host.
///
/// Gathered before, so that making the specification is a pure function. Only what the configuration needs is looked up.
struct HostFacts: Sendable, Hashable {
    /// The host's name, for containers that share its network or UTS namespace.
    var hostname = ""
    /// The kernel, on which profiles may depend.
    var kernel = KernelVersion(5, 6)
    /// Whether a process of ours may raise hard limits.
    var canRaiseLimits = true
    /// Our own hard limits, by `Ulimit` name.
    var hardLimits: [String: UInt64] = [:]
    /// The devices behind each host path of `--device`; a folder has several.
    var devices: [String: [HostDevice]] = [:]
    /// Every device of the host, for `--privileged`.
    var allDevices: [HostDevice] = []
    /// Device numbers of the disks with rate limits, by path.
    var disks: [String: HostDevice] = [:]
    /// How many processors the host has.
    var processors = 1
    /// Whether the processors' folders show how often they ran hot (a side channel, and it tells hosts apart).
    var showsThermalThrottle = false
    /// What the host has of the folders that `--ipc host` shares.
    var sharedMemoryFolders: Set<String> = []
}

/// A device node of the host.
struct HostDevice: Sendable, Hashable {
    /// Where it is on the host.
    var path: String
    var kind: RuntimeSpecification.Linux.Device.Kind
    var major: Int64
    var minor: Int64
    var mode: UInt32
    var uid: UInt32
    var gid: UInt32

    init(
        path: String, kind: RuntimeSpecification.Linux.Device.Kind, major: Int64, minor: Int64, mode: UInt32 = 0o666,
        uid: UInt32 = 0, gid: UInt32 = 0
    ) {
        self.path = path
        self.kind = kind
        self.major = major
        self.minor = minor
        self.mode = mode
        self.uid = uid
        self.gid = gid
    }
}

extension HostFacts {
    /// Looks up what `configuration` needs.
    ///
    /// - Throws: `EngineError.invalidConfiguration` for a `--device` or a disk that is not there.
    init(gatheredFor configuration: ContainerConfiguration) throws(EngineError) {
        var name = utsname()
        uname(&name)
        hostname = withUnsafeBytes(of: name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let release = withUnsafeBytes(of: name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        kernel = KernelVersion(release) ?? kernel
        if !configuration.ulimits.isEmpty { gatherLimits(of: configuration.ulimits) }
        for mapping in configuration.devices where devices[mapping.hostPath] == nil {
            devices[mapping.hostPath] = try Self.devices(at: mapping.hostPath)
        }
        if configuration.privileged {
            allDevices = Self.devices(below: "/dev", depth: 0)
        } else {
            showsThermalThrottle = StoredFile.exists("/sys/devices/system/cpu/cpu0/thermal_throttle")
            if showsThermalThrottle { processors = max(1, sysconf(Int32(_SC_NPROCESSORS_CONF))) }
        }
        if configuration.ipc == .host {
            sharedMemoryFolders = Set(["/dev/shm", "/dev/mqueue"].filter(StoredFile.exists))
        }
        let resources = configuration.resources
        if let nanoCPUs = resources.nanoCPUs { try Self.checkProcessors(nanoCPUs) }
        for rate in resources.deviceReadBytes + resources.deviceWriteBytes + resources.deviceReadOperations
            + resources.deviceWriteOperations where disks[rate.path] == nil
        {
            guard let device = Self.device(at: rate.path), device.kind == .block else {
                throw .invalidConfiguration(
                    "cannot limit the rate of \(rate.path.escapedForMessage): it is no block device of this host")
            }
            disks[rate.path] = device
        }
    }

    /// Refuses more processors than there are, as Docker does: who asks for them expects to get them.
    private static func checkProcessors(_ nanoCPUs: Int64) throws(EngineError) {
        let online = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        guard nanoCPUs > Int64(online) * 1_000_000_000 else { return }
        throw .invalidConfiguration(
            "invalid --cpus: this machine has \(online) processor\(online == 1 ? "" : "s"); give at most \(online)")
    }

    private mutating func gatherLimits(of ulimits: [Ulimit]) {
        canRaiseLimits = Self.hasResourceCapability()
        for ulimit in ulimits {
            guard let number = Self.limitNumbers[ulimit.name] else { continue }
            var limit = rlimit()
            guard getrlimit(__rlimit_resource_t(UInt32(number)), &limit) == 0 else { continue }
            hardLimits[ulimit.name] = UInt64(limit.rlim_max)
        }
    }

    /// Numbers of `asm-generic/resource.h`, the same on x86_64 and aarch64.
    private static let limitNumbers: [String: Int] = [
        "cpu": 0, "fsize": 1, "data": 2, "stack": 3, "core": 4, "rss": 5, "nproc": 6, "nofile": 7, "memlock": 8,
        "as": 9,
        "locks": 10, "sigpending": 11, "msgqueue": 12, "nice": 13, "rtprio": 14, "rttime": 15,
    ]

    /// The `CapEff` line of /proc/self/status (proc_pid_status(5)); bit 24 is CAP_SYS_RESOURCE.
    private static func hasResourceCapability() -> Bool {
        guard let bytes = try? FileDescriptor.open("/proc/self/status").readAll(limit: 1 << 16) else { return false }
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.starts(with: "CapEff:".utf8) {
            let digits = String(decoding: line.dropFirst(7), as: UTF8.self).drop { $0 == "\t" || $0 == " " }
            return (UInt64(digits, radix: 16) ?? 0) & 1 << 24 != 0
        }
        return false
    }

    private static func devices(at path: String) throws(EngineError) -> [HostDevice] {
        if let device = device(at: path) { return [device] }
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw .invalidConfiguration(
                "cannot use --device \(path.escapedForMessage): \(Errno.current.meaning); "
                    + "name a device of this host, like /dev/fuse")
        }
        let found = status.st_mode & S_IFMT == S_IFDIR ? devices(below: path, depth: 0) : []
        guard !found.isEmpty else {
            throw .invalidConfiguration(
                "cannot use --device \(path.escapedForMessage): it is no device and no folder of devices")
        }
        return found
    }

    /// The device at a path, links followed (a /dev/disk/by-id name is one); nil when it is none.
    static func device(at path: String) -> HostDevice? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return device(path, status)
    }

    private static func device(_ path: String, _ status: stat) -> HostDevice? {
        let kind: RuntimeSpecification.Linux.Device.Kind
        switch status.st_mode & S_IFMT {
        case S_IFBLK: kind = .block
        case S_IFCHR: kind = .character
        default: return nil
        }
        // The encoding of gnu_dev_major(3) and gnu_dev_minor(3).
        let number = UInt64(status.st_rdev)
        let major = (number >> 8 & 0xfff) | (number >> 32 & ~0xfff)
        let minor = (number & 0xff) | (number >> 12 & ~0xff)
        return HostDevice(
            path: path, kind: kind, major: Int64(major), minor: Int64(minor), mode: UInt32(status.st_mode) & 0o777,
            uid: status.st_uid, gid: status.st_gid)
    }

    /// Devices in a folder and the folders below, but for the parts of /dev that every container has of its own.
    private static func devices(below folder: String, depth: Int) -> [HostDevice] {
        guard depth < 8, let names = try? StoredFile.names(in: folder) else { return [] }
        var result: [HostDevice] = []
        for name in names.sorted() {
            let path = folder + "/" + name
            if ["/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/console", "/dev/fd"].contains(path) { continue }
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                result += devices(below: path, depth: depth + 1)
            } else if let device = device(path, status) {
                result.append(device)
            }
        }
        return result
    }
}
