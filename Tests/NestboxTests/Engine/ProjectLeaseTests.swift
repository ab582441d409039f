import LinuxSystem
import Testing

@testable import Nestbox

/// Which container's layer has which project.
@Suite struct ProjectLeaseTests {
    let folder: TemporaryFolder
    let engine: Engine
    var leases: ProjectLeases { engine.projects }

    init() throws {
        folder = try TemporaryFolder()
        engine = try folder.engine()
        for id in ["a", "b", "c"] { try StoredFile.makeFolder(engine.paths.containers + "/" + id) }
    }

    @Test func theLowestThatIsFreeIsLeased() throws {
        let first = leases.first
        #expect(try leases.lease(to: "a") { _ in false } == first)
        #expect(try leases.lease(to: "b") { _ in false } == first + 1)
        try leases.release(first, of: "a")
        #expect(try leases.lease(to: "c") { _ in false } == first)
        // Nobody gives back what is another's.
        try leases.release(first, of: "a")
        #expect(leases.table.holder(of: "0") == "c")
        try leases.releaseAll(of: "c")
        #expect(leases.table.holder(of: "0") == nil && leases.table.holder(of: "1") == "b")
    }

    @Test func aProjectWithFilesIsSomebodyElses() throws {
        let first = leases.first
        #expect(try leases.lease(to: "a") { $0 < first + 3 } == first + 3)
        #expect(try StoredFile.names(in: engine.paths.projects) == ["3"])
    }

    @Test func whoCannotAskHasNoLease() throws {
        #expect(throws: SystemError.self) {
            try leases.lease(to: "a") { _ in throw SystemError("read", "it", .busy) }
        }
        #expect(try StoredFile.names(in: engine.paths.projects).isEmpty)
    }

    @Test func theNextListRemovesWhatTheGoneHaveLeft() throws {
        _ = try leases.lease(to: "a") { _ in false }
        _ = try leases.lease(to: "b") { _ in false }
        // As if whoever removed it had died right before its end; with others that have no project.
        try FileTree.remove(engine.paths.containers + "/a")
        #expect(try engine.list(all: true).isEmpty)
        #expect(try StoredFile.names(in: engine.paths.projects) == ["1"])
    }

    @Test(arguments: ["/var/lib/nestbox", "/a", "/b"])
    func projectsAreAboveThoseOfPeople(_ root: String) {
        let first = ProjectLeases(paths: EnginePaths(root: root, runRoot: "/run/x")).first
        #expect(first >= 0x4000_0000 && first <= 0x6fff_0000 && first % ProjectLeases.available == 0)
    }

    @Test func aContainerThatRemovesItselfGivesItBackWhileItsFilesAreThere() throws {
        var configuration = ContainerConfiguration(image: "test", command: ["/bin/true"])
        configuration.autoRemove = true
        var record = try engine.make(configuration, from: try emptyImage(folder)).record
        record.projectID = try leases.lease(to: record.id) { _ in false }
        let removal = try removal(of: record, engine)
        removal.begin()
        #expect(try StoredFile.names(in: engine.paths.projects).isEmpty)
        #expect(try StoredFile.names(in: engine.paths.removed) == [record.id])
        // From here on somebody else may have it.
        _ = try leases.lease(to: "a") { _ in false }
        removal.finish()
        #expect(leases.table.holder(of: "0") == "a")
    }

    @Test func whereThereAreNoQuotasNothingIsMade() throws {
        // A file system without a disk has none of projects.
        let folder = try TemporaryFolder(in: "/dev/shm")
        let engine = try folder.engine()
        var configuration = ContainerConfiguration(image: "test", command: ["/bin/true"])
        configuration.storageSize = 1 << 20
        let error = #expect(throws: EngineError.self) {
            try engine.make(configuration, from: try emptyImage(folder))
        }
        #expect(error?.exitCode == 125 && error?.description.contains("prjquota") == true)
        #expect(try engine.list(all: true).isEmpty)
        #expect(try StoredFile.names(in: engine.paths.projects).isEmpty)
        #expect(try StoredFile.names(in: engine.paths.idRanges).isEmpty)
    }
}
