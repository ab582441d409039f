import Glibc
import LinuxSystem
import OCIRuntime
import OCISpec
import Testing

@testable import Nestbox

/// What a crash or a reboot leaves behind, made of real files and a real process that has ended.
@Suite struct RepairTests {
    let folder: TemporaryFolder
    let engine: Engine

    init() throws {
        folder = try TemporaryFolder()
        engine = try folder.engine()
    }

    private func make(_ change: (inout ContainerConfiguration) -> Void = { _ in }) throws -> Container {
        var configuration = ContainerConfiguration(image: "test", command: ["/bin/true"])
        configuration.userns = .host
        change(&configuration)
        let new = try engine.make(configuration, from: try emptyImage(folder))
        return Container(record: new.record, state: ContainerState())
    }

    /// A process that does not exist any more, with the start time of one that did.
    private func deadProcess() throws -> ProcessIdentity {
        var pid = pid_t()
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
        defer { free(arguments[0]) }
        #expect(posix_spawnp(&pid, "true", nil, nil, &arguments, environ) == 0)
        waitpid(pid, nil, 0)
        return ProcessIdentity(pid: pid, startTime: 1)
    }

    private func write(
        _ status: ContainerState.Status, _ supervisor: ProcessIdentity?, boot: String = BootClock.identifier(),
        of container: Container
    ) throws {
        var state = ContainerState(status: status, bootID: boot)
        state.supervisor = supervisor
        state.process = supervisor
        try AtomicFile.write(state.jsonBytes(), to: engine.paths.container(container.id).state)
    }

    @Test func aContainerWhoseSupervisorIsGoneHasExited() throws {
        let container = try make()
        try write(.running, try deadProcess(), of: container)
        try StoredFile.makeFolder(engine.paths.container(container.id).runFolder)
        let repaired = try engine.container(container.name)
        #expect(repaired.state.status == .exited)
        #expect(repaired.state.exitCode == 137)
        #expect(repaired.state.error?.contains("supervisor") == true)
        #expect(repaired.state.finishedAt != nil)
        #expect(!StoredFile.exists(engine.paths.container(container.id).runFolder))
        #expect(try engine.wait(repaired) == 137)
    }

    @Test func afterARebootARunningContainerHasExited() throws {
        let container = try make()
        // The pid is in use again, by this very process: only the boot tells.
        try write(.running, ProcessIdentity(pid: getpid()), boot: "an earlier boot", of: container)
        let repaired = try engine.container(container.id)
        #expect(repaired.state.status == .exited)
        #expect(repaired.state.exitCode == 255)
    }

    @Test func aReusedPidIsNotTakenForTheSupervisor() throws {
        let container = try make()
        try write(.running, ProcessIdentity(pid: getpid(), startTime: 1), of: container)
        #expect(try engine.container(container.id).state.status == .exited)
    }

    @Test func aContainerThatRunsIsLeftAlone() throws {
        let container = try make()
        try write(.running, ProcessIdentity(pid: getpid()), of: container)
        #expect(try engine.container(container.id).isRunning)
        #expect(try engine.list().map(\.id) == [container.id])
        #expect(throws: EngineError.cannotRemoveRunning(container: container.id)) { try engine.remove(container) }
        try write(.exited, nil, of: container)
        #expect(try engine.list() == [])
        #expect(try engine.list(all: true).map(\.id) == [container.id])
    }

    @Test func anInterruptedStartIsAnnulled() throws {
        let container = try make()
        try write(.created, try deadProcess(), of: container)
        let repaired = try engine.container(container.id)
        #expect(repaired.state.status == .created)
        #expect(repaired.state.supervisor == nil)
        #expect(repaired.state.error == "an earlier start was interrupted")
    }

    @Test func anAutoRemovedContainerIsRemovedAfterACrash() throws {
        let container = try make { $0.autoRemove = true }
        try write(.running, try deadProcess(), of: container)
        #expect(try engine.list(all: true) == [])
        #expect(!StoredFile.exists(engine.paths.container(container.id).folder))
        #expect(StoredFile.link(engine.paths.names + "/" + container.name) == nil)
    }

    @Test func aHalfMadeContainerIsRemovedWhenItsMakerIsGone() throws {
        let container = try make { $0.mounts = [MountConfiguration(kind: .volume, target: "/data")] }
        let paths = engine.paths.container(container.id)
        let volume = try #require(container.volumeNames.first)
        #expect(engine.volumeStore.exists(volume))
        unlink(paths.record)
        do {
            // Its maker lives as long as it holds the lock.
            let lock = try #require(try FolderLock.acquire(paths.folder))
            #expect(try engine.list(all: true) == [])
            #expect(StoredFile.exists(paths.folder))
            lock.hold()
        }
        #expect(try engine.list(all: true) == [])
        #expect(!StoredFile.exists(paths.folder))
        #expect(!engine.volumeStore.exists(volume))
        // Its name is free again.
        let next = try make { $0.name = container.name }
        #expect(next.name == container.name)
    }

    @Test func aDamagedRecordHidesItsOwnContainerOnly() throws {
        let (good, bad) = (try make(), try make())
        try AtomicFile.write(Array("{".utf8), to: engine.paths.container(bad.id).record)
        var errors: [EngineError] = []
        #expect(try engine.list(all: true) { errors.append($0) }.map(\.id) == [good.id])
        #expect(errors.count == 1 && errors.first?.description.contains(bad.id) == true, "\(errors)")
        #expect(throws: EngineError.self) { try engine.container(bad.id) }
    }

    @Test func aLockIsNotWaitedForForever() throws {
        let container = try make()
        let folder = engine.paths.container(container.id).folder
        let lock = try #require(try FolderLock.acquire(folder))
        #expect(try FolderLock.tryAcquire(folder) == nil)
        #expect {
            try FolderLock.acquire(folder, within: 5)
        } throws: { error in
            (error as? SystemError)?.errno == .tryAgain
        }
        lock.hold()
    }

    @Test func aLockedContainerIsNotRepaired() throws {
        let container = try make()
        try write(.running, try deadProcess(), of: container)
        let lock = try #require(try FolderLock.acquire(engine.paths.container(container.id).folder))
        #expect(try engine.container(container.id).isRunning)
        lock.hold()
    }
}

@Suite struct CreateTests {
    let folder: TemporaryFolder
    let engine: Engine

    init() throws {
        folder = try TemporaryFolder()
        engine = try folder.engine()
    }

    private func make(_ name: String? = nil, settings: ImageSettings = ImageSettings()) throws -> ContainerRecord {
        var configuration = ContainerConfiguration(image: "test", command: ["/bin/true"])
        configuration.name = name
        return try engine.make(configuration, from: try emptyImage(folder, settings: settings)).record
    }

    @Test func aRecordReadsBackAsItWasWritten() throws {
        var configuration = ContainerConfiguration(image: "busybox", command: ["sh", "-c", "true"])
        configuration.entrypoint = []
        configuration.environment = ["A=b", "C"]
        configuration.labels = ["a": "b"]
        configuration.userns = .private
        configuration.stopTimeout = -1
        configuration.shmSize = 1 << 20
        configuration.storageSize = 1 << 30
        var mount = MountConfiguration(kind: .bind, source: "/tmp", target: "/mnt", readOnly: true)
        mount.propagation = .rslave
        mount.recursion = .writable
        configuration.mounts = [mount, MountConfiguration(kind: .tmpfs, target: "/t")]
        configuration.devices = [DeviceMapping(hostPath: "/dev/null", containerPath: "/dev/nil", permissions: "r")]
        configuration.ulimits = [Ulimit(name: "core", soft: 0, hard: .max)]
        configuration.securityOptions = SecurityOptions(noNewPrivileges: true, seccomp: .unconfined)
        configuration.resources.memory = 512 << 10
        configuration.resources.deviceReadBytes = []
        configuration.oomScoreAdjust = 100
        #expect(try ContainerConfiguration(jsonBytes: configuration.jsonBytes()) == configuration)
        // Which this file system may not have.
        configuration.storageSize = nil
        var record = try engine.make(configuration, from: try emptyImage(folder)).record
        #expect(try ContainerRecord.read(engine.paths.container(record.id)) == record)
        record.projectID = 0x4000_0005
        #expect(try ContainerRecord(jsonBytes: record.jsonBytes()) == record)
    }

    @Test func parallelCreatesOfOneNameHaveOneWinner() throws {
        let image = try emptyImage(folder)
        let engine = engine
        concurrently(12) { _ in
            var configuration = ContainerConfiguration(image: "test", command: ["x"])
            configuration.name = "only"
            configuration.autoRemove = true
            _ = try? engine.make(configuration, from: image)
        }
        let all = try engine.list(all: true)
        #expect(all.count == 1)
        #expect(all.first?.name == "only")
        // Nothing of the losers is left.
        #expect(try StoredFile.names(in: engine.paths.containers).count == 1)
        #expect(throws: EngineError.self) { try make("only") }
    }

    @Test func prefixesAndNamesAreResolved() throws {
        let records = try (0..<40).map { try make("name\($0)") }
        let one = records[7]
        #expect(try engine.container(one.id).id == one.id)
        #expect(try engine.container("name7").id == one.id)
        #expect(try engine.container("/name7").id == one.id)
        #expect(try engine.container(String(one.id.prefix(12))).id == one.id)
        // 40 ids and 16 first digits: some two share theirs.
        let byDigit = Dictionary(grouping: records) { $0.id.prefix(1) }
        let shared = try #require(byDigit.first { $0.value.count > 1 })
        #expect(
            throws: EngineError.ambiguousContainer(prefix: String(shared.key), matches: shared.value.map(\.id).sorted())
        ) {
            try engine.container(String(shared.key))
        }
        for unknown in ["", "nothing", "..", "../names", "zz", String(repeating: "f", count: 64)] {
            #expect(throws: EngineError.noSuchContainer(unknown)) { try engine.container(unknown) }
        }
    }

    @Test func removalLeavesNothing() throws {
        var settings = ImageSettings()
        settings.volumes = ["/data"]
        let record = try make("gone", settings: settings)
        let container = try engine.container("gone")
        let volume = try #require(record.anonymousVolumes.first)
        let range = try #require(record.idRange)
        #expect(StoredFile.exists(engine.idRanges.path(of: range)))
        try engine.remove(container, volumes: false)
        #expect(engine.volumeStore.exists(volume))
        try engine.volumeStore.remove(volume)
        #expect(try StoredFile.names(in: engine.paths.containers) == [])
        #expect(try StoredFile.names(in: engine.paths.names) == [])
        #expect(try StoredFile.names(in: engine.paths.idRanges) == [])
        #expect(try StoredFile.names(in: engine.paths.volumes) == [])
    }

    @Test func aRefusedContainerLeavesNothing() throws {
        var configuration = ContainerConfiguration(image: "test", command: ["x"])
        configuration.mounts = [MountConfiguration(kind: .volume, target: "/data")]
        configuration.sysctls = ["vm.swappiness": "1"]
        let image = try emptyImage(folder)
        #expect(throws: EngineError.self) { try engine.make(configuration, from: image) }
        #expect(try StoredFile.names(in: engine.paths.containers) == [])
        #expect(try StoredFile.names(in: engine.paths.volumes) == [])
    }

    @Test func aMissingRuntimeIsNamed() throws {
        let record = try make("web")
        let container = try engine.container(record.id)
        #expect(throws: EngineError.noRuntime(searched: ["/nonexistent/nestbox-runtime"])) {
            _ = try engine.start(container, attached: false)
        }
    }

    @Test func filtersChoose() throws {
        var configuration = ContainerConfiguration(image: "busybox", command: ["x"])
        configuration.name = "alpha"
        configuration.labels = ["tier": "web", "x": ""]
        _ = try engine.make(configuration, from: try emptyImage(folder))
        _ = try make("beta")
        func names(_ filters: String...) throws -> [String] {
            try engine.list(all: true, filters: filters.map { try ContainerFilter($0) }).map(\.name).sorted()
        }
        #expect(try names() == ["alpha", "beta"])
        #expect(try names("name=alph") == ["alpha"])
        #expect(try names("name=alph", "name=bet") == ["alpha", "beta"])
        #expect(try names("label=tier=web", "label=x") == ["alpha"])
        #expect(try names("label=tier=db") == [])
        #expect(try names("status=created", "name=beta") == ["beta"])
        #expect(try names("ancestor=busybox") == ["alpha"])
        #expect(throws: ConfigurationError.self) { try ContainerFilter("color=red") }
        #expect(throws: ConfigurationError.self) { try ContainerFilter("status=flying") }
    }
}
