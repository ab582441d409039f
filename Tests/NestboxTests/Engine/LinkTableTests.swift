import Glibc
import Synchronization
import LinuxSystem
import Testing

@testable import Nestbox

@Suite struct LinkTableTests {
    let folder: TemporaryFolder
    let table: LinkTable

    init() throws {
        folder = try TemporaryFolder()
        table = LinkTable(folder: folder.path + "/names", owners: [try folder.makeFolder("containers")])
    }

    private func makeContainer(_ id: String) throws {
        try StoredFile.makeFolder(folder.path + "/containers/" + id)
    }

    @Test func aNameBelongsToItsFirstClaimant() throws {
        try makeContainer("a")
        try makeContainer("b")
        #expect(try table.claim("web", for: "a") == .claimed)
        #expect(try table.claim("web", for: "b") == .held(by: "a"))
        #expect(table.holder(of: "web") == "a")
        try table.release("web", of: "b")
        #expect(table.holder(of: "web") == "a")
        try table.release("web", of: "a")
        #expect(table.holder(of: "web") == nil)
        #expect(try table.claim("web", for: "b") == .claimed)
    }

    @Test func theLinkOfAVanishedContainerIsClaimedAgain() throws {
        try makeContainer("a")
        _ = try table.claim("web", for: "a")
        rmdir(folder.path + "/containers/a")
        #expect(table.holder(of: "web") == nil)
        try makeContainer("b")
        #expect(try table.claim("web", for: "b") == .claimed)
        #expect(table.holder(of: "web") == "b")
    }

    @Test(arguments: 0..<20) func ofManyClaimantsOneWins(round: Int) throws {
        for index in 0..<16 { try makeContainer("c\(index)") }
        if round % 2 == 0 {
            // A stale link makes all of them try to take it over.
            try StoredFile.makeFolder(folder.path + "/names")
            symlink("gone", folder.path + "/names/web")
        }
        let winners = Mutex<[Int]>([])
        concurrently(16) { index in
            if (try? table.claim("web", for: "c\(index)")) == .claimed { winners.withLock { $0.append(index) } }
        }
        let list = winners.withLock { $0 }
        #expect(list.count == 1)
        #expect(table.holder(of: "web") == list.first.map { "c\($0)" })
    }
}

@Suite struct IDRangeLeasesTests {
    @Test func rangesAreDistinctUnderContention() throws {
        let folder = try TemporaryFolder()
        let paths = EnginePaths(root: folder.path + "/root", runRoot: folder.path + "/run")
        let leases = IDRangeLeases(paths: paths)
        // All of them start probing at the same number.
        let ids = (0..<64).map { "0000000000000000" + String(repeating: "0", count: 46) + String($0 + 10) }
        for id in ids { try StoredFile.makeFolder(paths.containers + "/" + id) }
        let ranges = Mutex<[IDRange]>([])
        concurrently(64) { index in
            if let range = try? leases.lease(to: ids[index]) { ranges.withLock { $0.append(range) } }
        }
        let list = ranges.withLock { $0 }
        #expect(list.count == 64)
        #expect(Set(list).count == 64)
        #expect(list.allSatisfy { IDRange.firstIDs.contains($0.firstID) && $0.firstID % 65_536 == 0 })
        try leases.release(list[0], of: "somebody else")
        #expect(StoredFile.exists(leases.path(of: list[0])))
    }

    @Test func theRangesLieWhereNobodyElseAllocates() {
        #expect(IDRange(number: 0).firstID == 1_073_741_824)
        #expect(IDRange(number: IDRange.available - 1).firstID == 0x6FFF_0000)
        #expect(IDRange.available == 12_288)
        #expect(IDRange(number: 77).number == 77)
    }

    @Test func aLeaseOfAVanishedContainerIsGivenAgain() throws {
        let folder = try TemporaryFolder()
        let paths = EnginePaths(root: folder.path, runRoot: folder.path)
        let leases = IDRangeLeases(paths: paths)
        let (old, new) = (String(repeating: "0", count: 64), String(repeating: "0", count: 63) + "1")
        try StoredFile.makeFolder(paths.containers + "/" + old)
        let range = try leases.lease(to: old)
        try FileTree.remove(paths.containers + "/" + old)
        try StoredFile.makeFolder(paths.containers + "/" + new)
        #expect(try leases.lease(to: new) == range)
    }
}

@Suite struct ContainerNameTests {
    @Test(arguments: ["web", "a1", "Web_1.x-y", "/web"]) func acceptsDockersNames(name: String) throws {
        #expect(try ContainerName.validated(name) == (name.hasPrefix("/") ? String(name.dropFirst()) : name))
    }

    @Test(arguments: ["", "a", "-a", ".a", "a/b", "a b", "..", "a\n", "ä1", "//a", String(repeating: "a", count: 256)])
    func refusesOthers(name: String) {
        #expect(throws: EngineError.invalidName(name)) { try ContainerName.validated(name) }
    }

    @Test func generatedNamesAreValidAndVary() throws {
        var names: Set<String> = []
        for _ in 0..<100 {
            let name = ContainerName.generated(from: ContainerName.number(of: try ContainerID.random()))
            #expect(try ContainerName.validated(name) == name)
            names.insert(name)
        }
        #expect(names.count > 90)
        #expect(ContainerName.generated(from: 7, attempt: 1) != ContainerName.generated(from: 7))
    }

    @Test func idsAreHexadecimal() throws {
        let ids = Set(try (0..<10).map { _ in try ContainerID.random() })
        #expect(ids.count == 10)
        #expect(ids.allSatisfy(ContainerID.isComplete))
        #expect(!ContainerID.isComplete(String(repeating: "A", count: 64)))
        #expect(!ContainerID.isHexadecimal("12g"))
    }
}
