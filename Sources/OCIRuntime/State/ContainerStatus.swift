internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// How far a container is, in the words of `state`.
enum ContainerStatus: String {
    case creating
    case created
    case running
    case paused
    case stopped
}

/// A container as a command finds it.
struct FoundContainer {
    let folder: ContainerFolder
    let record: RuntimeRecord
    private let cgroups: KnownCgroups

    /// Reads the record of a container.
    ///
    /// - Throws: `LaunchError` when there is none.
    init(_ folder: ContainerFolder, _ cgroups: KnownCgroups = KnownCgroups()) throws(LaunchError) {
        do throws(SystemError) {
            try folder.checkOwners()
        } catch {
            throw LaunchError("cannot use container \(folder.id): \(error)")
        }
        guard let record = try RuntimeRecord.read(folder) else { throw folder.doesNotExist }
        self.init(folder, record, cgroups)
    }

    /// A container whose record is known.
    init(_ folder: ContainerFolder, _ record: RuntimeRecord, _ cgroups: KnownCgroups) {
        self.folder = folder
        self.record = record
        self.cgroups = cgroups
    }

    /// The container as it is written down now.
    ///
    /// - Throws: `LaunchError` when it is not there any more.
    func readAgain() throws(LaunchError) -> FoundContainer { try FoundContainer(folder, cgroups) }

    /// The configuration that it was made from.
    func specification() throws(LaunchError) -> RuntimeSpecification {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try FileDescriptor.open(folder.configurationPath).readAll(limit: StoredFile.limit)
        } catch {
            throw LaunchError(error)
        }
        return try Bundle.parse(bytes, folder.configurationPath)
    }

    /// What is true now: read from the process, its FIFO and its cgroup, which no crash can leave wrong.
    func status() -> ContainerStatus {
        guard let process = record.process else { return record.creator.isAlive ? .creating : .stopped }
        guard process.isAlive else { return .stopped }
        if isFrozen { return .paused }
        return StartGate.isWaitedAt(folder) ? .created : .running
    }

    /// The container's cgroup; nil when it has none of its own.
    ///
    /// - Throws: `LaunchError` when the machine's cgroups cannot be read.
    func cgroup() throws(LaunchError) -> Cgroup? {
        guard let path = record.cgroupPath else { return nil }
        return try cgroups.cgroup(path)
    }

    /// The cgroup of a command that cannot do without.
    func requiredCgroup() throws(LaunchError) -> Cgroup {
        if let cgroup = try cgroup() { return cgroup }
        throw LaunchError("container \(record.id) has no cgroup: it was made with --cgroup-manager=disabled")
    }

    private var isFrozen: Bool {
        guard let cgroup = try? cgroup() else { return false }
        return (try? cgroup.isFrozen()) ?? false
    }
}
