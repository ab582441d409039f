import LinuxSystem
import OCIRuntime
import OCISpec
import Testing

@testable import Nestbox

@Suite struct RenameTests {
    let folder: TemporaryFolder
    let engine: Engine

    init() throws {
        folder = try TemporaryFolder()
        engine = try folder.engine()
    }

    private func make(_ name: String, autoRemove: Bool = false) throws -> ContainerRecord {
        var configuration = ContainerConfiguration(image: "test", command: ["/bin/true"])
        configuration.name = name
        configuration.autoRemove = autoRemove
        return try engine.make(configuration, from: try emptyImage(folder)).record
    }

    private func names() throws -> [String] { try StoredFile.names(in: engine.paths.names).sorted() }

    @Test func aContainerHasItsNewNameOnly() throws {
        let record = try make("old")
        try engine.rename(try engine.container("old"), to: "/new")
        #expect(try engine.container("new").id == record.id)
        #expect(try engine.container(record.id).name == "new")
        #expect(throws: EngineError.noSuchContainer("old")) { try engine.container("old") }
        #expect(try names() == ["new"])
        #expect(!StoredFile.exists(engine.paths.container(record.id).renaming))
        // The old one can be had by others, and got back after them.
        let other = try make("old")
        let taken = EngineError.nameInUse(name: "old", container: other.id)
        #expect(throws: taken) { try engine.rename(try engine.container("new"), to: "old") }
        #expect(try names() == ["new", "old"])
        try engine.remove(try engine.container("old"))
        try engine.rename(try engine.container("new"), to: "old")
        #expect(try engine.container("old").id == record.id)
        try engine.remove(try engine.container("old"))
        #expect(try names() == [])
    }

    @Test func whatCannotBeANameIsRefused() throws {
        let container = try engine.container(try make("old").id)
        for name in ["", "x", "../old", "a b", "-a"] {
            #expect(throws: EngineError.invalidName(name)) { try engine.rename(container, to: name) }
        }
        #expect(throws: EngineError.self) { try engine.rename(container, to: "old") }
        #expect(try names() == ["old"])
    }

    /// Whoever has looked at it before it was renamed removes it with its new name.
    @Test func aRemovalFromBeforeTheRenamingTakesTheNewNameAway() throws {
        let before = try engine.container(try make("old").id)
        try engine.rename(before, to: "new")
        let other = try make("old")
        try engine.remove(before)
        #expect(try names() == ["old"])
        #expect(try engine.container("old").id == other.id)
    }

    /// Where a crash leaves a renaming.
    enum Moment: CaseIterable {
        case marked, claimed, recorded, released
    }

    private func interrupt(at moment: Moment, _ record: ContainerRecord) throws {
        let paths = engine.paths.container(record.id)
        try StoredFile.write(paths.renaming, "old\nnew\n", mode: 0o600)
        if moment == .marked { return }
        #expect(try engine.names.claim("new", for: record.id) == .claimed)
        if moment == .claimed { return }
        var renamed = record
        renamed.name = "new"
        try AtomicFile.write(renamed.jsonBytes(), to: paths.record)
        if moment == .released { try engine.names.release("old", of: record.id) }
    }

    @Test(arguments: Moment.allCases) func anInterruptedRenamingLeavesOneName(_ moment: Moment) throws {
        let record = try make("old")
        try interrupt(at: moment, record)
        let (kept, lost) = [.marked, .claimed].contains(moment) ? ("old", "new") : ("new", "old")
        #expect(throws: EngineError.noSuchContainer(lost)) { try engine.container(lost) }
        #expect(try engine.container(kept).id == record.id)
        #expect(try names() == [kept])
        #expect(!StoredFile.exists(engine.paths.container(record.id).renaming))
    }

    @Test(arguments: Moment.allCases) func aNameThatAnInterruptedRenamingHoldsCanBeHad(_ moment: Moment) throws {
        let record = try make("old")
        try interrupt(at: moment, record)
        let lost = [.marked, .claimed].contains(moment) ? "new" : "old"
        let other = try make(lost)
        #expect(try engine.container(lost).id == other.id)
        #expect(try names() == ["new", "old"])
    }

    @Test(arguments: Moment.allCases) func aContainerIsRemovedFromTheMidstOfARenaming(_ moment: Moment) throws {
        let record = try make("old")
        try interrupt(at: moment, record)
        try engine.remove(try engine.container(record.id))
        #expect(try names() == [])
    }

    /// Its supervisor removes what it was told at the start, which somebody else may have by then.
    @Test func theSupervisorOfARenamedContainerRemovesNobodysName() throws {
        let record = try make("old", autoRemove: true)
        let removal = try removal(of: record, engine)
        try engine.rename(try engine.container("old"), to: "new")
        let other = try make("old")
        removal.begin()
        #expect(try engine.container("old").id == other.id)
        #expect(!StoredFile.exists(engine.paths.container(record.id).folder))
        // The new name points nowhere until the next list.
        #expect(throws: EngineError.noSuchContainer("new")) { try engine.container("new") }
        #expect(try engine.list(all: true).map(\.id) == [other.id])
        #expect(try names() == ["old"])
    }

    @Test func theSupervisorRemovesTheNameOfOneThatWasNotRenamed() throws {
        let record = try make("old", autoRemove: true)
        try removal(of: record, engine).begin()
        #expect(try names() == [])
    }
}
