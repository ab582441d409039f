import LinuxSystem
import OCISpec
import Testing

@testable import Nestbox
@testable import OCIRuntime

/// What the supervisor of a `--rm` container does at its end.
struct SelfRemoval {
    fileprivate let removal: Removal

    func begin() { removal.begin() }
    func finish() { removal.finish() }
}

func removal(of record: Nestbox.ContainerRecord, _ engine: Engine) throws -> SelfRemoval {
    try StoredFile.makeFolder(engine.paths.container(record.id).runFolder)
    try engine.openNameDoor(of: record.id)
    var request = LaunchRequest(
        id: record.id, specification: RuntimeSpecification(), rootFilesystem: .directory("/"), cgroupPath: "",
        stateDirectory: "", statePath: "")
    engine.removeAtEnd(record, &request)
    return SelfRemoval(removal: Removal(request))
}

@Suite struct SelfRemovalTests {
    let folder: TemporaryFolder
    let engine: Engine

    init() throws {
        folder = try TemporaryFolder()
        engine = try folder.engine()
    }

    private func make(_ name: String, volumes: Set<String> = []) throws -> Nestbox.ContainerRecord {
        var configuration = ContainerConfiguration(image: "test", command: ["/bin/true"])
        configuration.name = name
        configuration.autoRemove = true
        var settings = ImageSettings()
        settings.volumes = volumes.sorted()
        return try engine.make(configuration, from: try emptyImage(folder, settings: settings)).record
    }

    private func isLeft(_ record: Nestbox.ContainerRecord) throws -> Bool {
        let paths = engine.paths
        let folders = [
            paths.containers, paths.runContainers, paths.names, paths.idRanges, paths.removed, paths.volumes,
        ]
        return try folders.contains { try !StoredFile.names(in: $0).isEmpty }
    }

    @Test func nothingIsLeft() throws {
        let record = try make("gone", volumes: ["/data"])
        let removal = try removal(of: record, engine)
        removal.begin()
        removal.finish()
        #expect(try !isLeft(record))
    }

    @Test func fromTheFirstStepOnItIsNotThereAndItsNameIsFree() throws {
        let record = try make("gone")
        try removal(of: record, engine).begin()
        #expect(throws: EngineError.noSuchContainer("gone")) { try engine.container("gone") }
        #expect(throws: EngineError.noSuchContainer(record.id)) { try engine.container(record.id) }
        _ = try make("gone")
    }

    /// Its files have them until they are freed.
    @Test func nobodyGetsItsIDsBeforeItsFilesAreFreed() throws {
        let record = try make("gone")
        let range = try #require(record.idRange)
        let removal = try removal(of: record, engine)
        removal.begin()
        #expect(engine.idRanges.table.holder(of: String(range.number)) == record.id)
        removal.finish()
        #expect(engine.idRanges.table.holder(of: String(range.number)) == nil)
    }

    /// As if the supervisor had been killed between the two.
    @Test func theNextListFreesWhatIsLeft() throws {
        let record = try make("gone")
        try removal(of: record, engine).begin()
        #expect(try StoredFile.names(in: engine.paths.removed) == [record.id])
        #expect(try engine.list(all: true).isEmpty)
        #expect(try !isLeft(record))
    }

    @Test func theIDsOfAnotherContainerStayItsOwn() throws {
        let record = try make("gone")
        let range = try #require(record.idRange)
        let removal = try removal(of: record, engine)
        removal.begin()
        // Somebody else frees the files meanwhile, and the ids are leased anew.
        try engine.finishRemovals()
        let other = try make("other")
        try engine.idRanges.release(try #require(other.idRange), of: other.id)
        #expect(try engine.idRanges.table.claim(String(range.number), for: other.id) == .claimed)
        removal.finish()
        #expect(engine.idRanges.table.holder(of: String(range.number)) == other.id)
    }

    /// As where the one is a mount of its own.
    @Test func aFolderThatCannotBeMovedIsRemovedInItsPlace() throws {
        let record = try make("gone")
        try StoredFile.write(engine.paths.removed, "", mode: 0o600)
        let removal = try removal(of: record, engine)
        removal.begin()
        #expect(!StoredFile.exists(engine.paths.container(record.id).folder))
    }
}
