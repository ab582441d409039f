internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// What the command line says of a container to be made.
struct MakerOptions {
    var id: String
    var bundle: String
    var configurationFile: String?
    var pidFile: String?
    /// The socket that gets the master of the container's terminal.
    var consoleSocket: String?
    /// The socket that gets a pidfd of the container's process.
    var pidfdSocket: String?
    /// How many inherited descriptors from 3 up the container keeps.
    var preservedDescriptors: Int32
    var hasOwnKeyring: Bool
}

/// A container whose process waits for its start.
struct MadeContainer: ~Copyable {
    let found: FoundContainer
    let process: LaunchedProcess
    let bundle: Bundle
    let warnings: [String]
    /// Held until the container is left to other commands.
    private(set) var lock: FolderLock?

    /// Lets other commands at the container.
    mutating func unlock() { lock = nil }
}

/// From a bundle to a container that waits for its start: OCI's `create`.
struct ContainerMaker {
    let options: MakerOptions
    let bundle: Bundle
    /// What of the configuration cannot be had.
    let warnings: [String]
    let folder: ContainerFolder
    let log: RuntimeLog
    let cgroups = KnownCgroups()
    private let manager: CgroupManager

    init(_ options: MakerOptions, _ global: GlobalOptions) throws(LaunchError) {
        folder = try ContainerFolder(options.id, root: global.root)
        var bundle = try Bundle(options.bundle, file: options.configurationFile)
        warnings = bundle.takeWarnings()
        self.bundle = bundle
        self.options = options
        manager = global.cgroupManager
        log = global.log
    }

    /// Whether the container's process has a terminal.
    var hasTerminal: Bool { bundle.specification.process?.terminal ?? false }

    /// What a container has before its first process.
    struct Beginning: ~Copyable {
        /// Held as long as nobody else may get at it.
        let lock: FolderLock
        let cgroup: Cgroup?
        let request: LaunchRequest
        var record: RuntimeRecord
        var begun: BegunCgroup?
    }

    /// Makes the container; on failure nothing of it stays.
    ///
    /// - Parameter isDetached: nobody stays with its process.
    /// - Throws: `LaunchError`.
    func make(isDetached: Bool) throws(LaunchError) -> MadeContainer {
        try ConsoleSocket.check(options.consoleSocket, hasTerminal: hasTerminal, isDetached: isDetached)
        var beginning = try begin()
        do throws(LaunchError) {
            let gate = try makeGate()
            var warnings = warnings
            let process = try launch(&beginning, gate, &warnings)
            _ = consume gate
            return MadeContainer(
                found: FoundContainer(folder, beginning.record, cgroups), process: process, bundle: bundle,
                warnings: warnings, lock: beginning.lock)
        } catch {
            try? ContainerRemoval.remove(FoundContainer(folder, beginning.record, cgroups), log: log)
            throw error
        }
    }

    /// Makes the folder with the record, and the cgroup; on failure nothing of it stays.
    ///
    /// - Throws: `LaunchError`.
    func begin() throws(LaunchError) -> Beginning {
        let lock = try folder.make()
        let cgroup: Cgroup?
        let record: RuntimeRecord
        do throws(LaunchError) {
            cgroup = try CgroupLocation.cgroup(
                of: bundle.specification.linux ?? .init(), id: options.id, manager: manager, cgroups)
            try checkUnused(cgroup)
            record = try newRecord(cgroup)
            // Before anything is made: whoever deletes the container knows by it what there is to be removed.
            try store(record)
        } catch {
            try? folder.remove()
            throw error
        }
        let request = bundle.request(id: options.id, cgroupPath: cgroup?.path, folder: folder)
        do throws(LaunchError) {
            let begun = try begin(cgroup, request)
            return Beginning(lock: lock, cgroup: cgroup, request: request, record: record, begun: begun)
        } catch {
            // What is at that path may be somebody else's: there is nothing to be ended.
            try? folder.remove()
            throw error
        }
    }

    private func makeGate() throws(LaunchError) -> StartGate {
        do throws(SystemError) {
            return try StartGate.make(folder)
        } catch {
            throw LaunchError(error)
        }
    }

    private func newRecord(_ cgroup: Cgroup?) throws(LaunchError) -> RuntimeRecord {
        guard let creator = ProcessIdentity(pid: getpid()) else {
            throw LaunchError("cannot create container \(options.id): /proc does not show this process; mount it")
        }
        return RuntimeRecord(
            id: options.id, ociVersion: bundle.specification.ociVersion, bundle: bundle.path, rootfs: bundle.rootfs,
            annotations: bundle.specification.annotations, cgroupPath: cgroup?.path, creator: creator,
            program: bundle.specification.process?.args.first ?? "")
    }

    private func store(_ record: RuntimeRecord) throws(LaunchError) {
        do throws(SystemError) {
            try AtomicFile.write(bundle.bytes, to: folder.configurationPath)
            try record.write(to: folder)
        } catch {
            throw LaunchError("cannot create container \(options.id): \(error)")
        }
    }

    private func launch(
        _ beginning: inout Beginning, _ gate: borrowing StartGate, _ warnings: inout [String]
    ) throws(LaunchError) -> LaunchedProcess {
        var launcher = try ContainerLauncher(beginning.request, cgroup: beginning.cgroup)
        let console = try options.consoleSocket.map { path throws(LaunchError) in try ConsoleSocket.connect(to: path) }
        let hooks = bundle.specification.hooks
        let first = beginning.record
        var finished: FinishedRecord?
        let creation = Creation(
            gate: gate.gate.rawValue, failure: gate.failure.rawValue,
            preservedDescriptors: options.preservedDescriptors, hasOwnKeyring: options.hasOwnKeyring,
            hookState: .init(creating: first.hookState(.creating), created: first.hookState(.created)),
            meanwhile: { launch throws(LaunchError) in
                if !launch.forks { finished = FinishedRecord(finish(first, launch)) }
            },
            atBarrier: { launch throws(LaunchError) in
                guard let hooks else { return }
                let (state, pid) = (first.hookState(.creating), launch.containerPID)
                try HookRunner.run(hooks.prestart, "prestart", state, pid: pid)
                try HookRunner.run(hooks.createRuntime, "createRuntime", state, pid: pid)
            },
            lettingGo: { launch throws(LaunchError) in
                let now = finished ?? FinishedRecord(finish(first, launch))
                finished = now
                try hand(launch.containerPID, now)
                let profile = bundle.specification.linux?.seccomp
                try SeccompListener.hand(launch, profile, first.hookState(.creating))
            })
        let process = try launcher.launch(
            in: beginning.begun.take(), streams: try streams(), creation: creation)
        if let finished { beginning.record = finished.record }
        if let console { try console.send(terminalOf: process) }
        warnings += launcher.warnings
        return process
    }

    /// A record as it is going to be written.
    private struct FinishedRecord {
        let record: RuntimeRecord
        let bytes: [UInt8]

        init(_ record: RuntimeRecord) {
            self.record = record
            bytes = record.jsonBytes()
        }
    }

    /// The record with the container's process.
    private func finish(_ record: RuntimeRecord, _ launch: Launch) -> RuntimeRecord {
        var record = record
        let pid = launch.containerPID
        record.process = ProcessIdentity(pid: pid)
        let wait = launch.firstStep(NB_STEP_AWAIT_START) ?? 0
        record.firstLateStep = wait
        record.lateSteps = Array(launch.descriptions.dropFirst(wait))
        record.streams = hasTerminal ? [] : StandardDescriptors.names(of: "self")
        return record
    }

    /// The container's process is there: from here on it can be started by its record.
    ///
    /// Whoever asked for its number gets it.
    private func hand(_ pid: Int32, _ finished: FinishedRecord) throws(LaunchError) {
        do throws(SystemError) {
            try AtomicFile.write(finished.bytes, to: folder.recordPath)
            try ProcessHandover.hand(pid, pidFile: options.pidFile, socket: options.pidfdSocket)
        } catch {
            throw LaunchError("cannot create container \(options.id): \(error)")
        }
    }

    /// Refuses a cgroup that others live in, before a record says that what lives there is this container's.
    private func checkUnused(_ cgroup: Cgroup?) throws(LaunchError) {
        guard let cgroup else { return }
        do throws(CgroupError) {
            guard try !cgroup.isPopulated() else { throw CgroupError.inUse(folder: cgroup.unifiedFolder) }
        } catch {
            throw LaunchError("cannot create container \(options.id): \(error)")
        }
    }

    private func begin(_ cgroup: Cgroup?, _ request: LaunchRequest) throws(LaunchError) -> BegunCgroup? {
        guard let cgroup else { return nil }
        do throws(CgroupError) {
            var resources = request.specification.linux?.resources
            // Restricted by the launcher, while the container is being made.
            resources?.devices = []
            // Engines read what a container uses from these groups.
            return try cgroup.begin(resources: resources, counters: Self.counters(cgroup.layout))
        } catch {
            throw LaunchError("\(error)")
        }
    }

    /// What counts beside memory and processes.
    ///
    /// Huge pages not on the unified tree of a hybrid machine: there the controller would be switched on, in the root, for
    /// somebody else's cgroups, too.
    private static func counters(_ layout: CgroupLayout) -> [CgroupController] {
        let isForeign = layout.isHybrid && layout.version(of: .hugetlb) == .v2
        return [.cpu, .cpuacct, .blkio] + (isForeign ? [] : [.hugetlb])
    }

    /// This process's own streams; nil for a terminal of the container's own.
    private func streams() throws(LaunchError) -> StandardDescriptors? {
        guard !hasTerminal else { return nil }
        return try StandardDescriptors.inherited()
    }
}
