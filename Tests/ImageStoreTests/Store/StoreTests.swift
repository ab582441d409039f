import Glibc
import LinuxSystem
import OCISpec
import Testing

@testable import ImageStore

/// Names, removal, and what commands that died leave.
@Suite struct StoreTests {
    let fixture: ImageFixture
    var store: ImageStore { fixture.store }

    init() throws { fixture = try ImageFixture() }

    @discardableResult
    private func load(_ name: String?, layers: [String] = ["base"], command: String = "/bin/sh") throws -> Image {
        let layers = layers.map { ImageArchiveBuilder.layer($0) }
        let configuration = try ImageArchiveBuilder.configuration(layers, command: command)
        var tar = TarBuilder()
        for (index, layer) in layers.enumerated() { tar.add(.file, "\(index).tar", data: layer) }
        tar.add(.file, "config", data: configuration)
        let entry = DockerArchiveEntry(
            config: "config", repoTags: name.map { [$0] } ?? [], layers: layers.indices.map { "\($0).tar" })
        tar.add(.file, "manifest.json", data: [entry].jsonBytes())
        try fixture.folder.write("image.tar", tar.finished())
        return try store.image(
            named: #require(store.load(from: .file(fixture.folder("image.tar"))).first).id.description)
    }

    @Test func imagesAreFoundByEveryName() throws {
        let image = try load("app:1")
        for name in [
            "app:1", "library/app:1", "docker.io/library/app:1", image.id.description, image.id.hex,
            String(image.id.hex.prefix(12)), "sha256:\(image.id.hex.prefix(6))",
        ] {
            #expect(try store.image(named: name) == image, "\(name)")
        }
        for name in ["app", "app:2", "other/app:1", "", "sha256:", "ABC", "../app:1", "0\(image.id.hex)"] {
            #expect(throws: ImageStoreError.noImage(name)) { try store.image(named: name) }
        }
    }

    @Test func layerPathsAreAbsolute() throws {
        let image = try load("app:1")
        #expect(try store.layerPaths(of: image).allSatisfy { $0.hasPrefix("/") })
        // From a relative root as well; nothing is made, because it is there.
        let up = String(repeating: "../", count: 64)
        let relative = try ImageStore(root: up + store.root.dropFirst())
        #expect(relative.root.hasPrefix("/"))
        #expect(try relative.layerPaths(of: image).map(names) == [["base"]])
    }

    @Test func ambiguousPrefixIsAnError() throws {
        // With 17 images two share their first digit.
        let ids = try (0..<17).map { try load(nil, command: "/\($0)").id.hex }
        let digit = try #require(ids.first { id in ids.filter { $0.prefix(1) == id.prefix(1) }.count > 1 }).prefix(1)
        let message = "\(try #require(throws: ImageStoreError.self) { try store.image(named: String(digit)) })"
        #expect(message.contains("is ambiguous"))
        #expect(try store.images().count == 17)
    }

    @Test func nameThatMovesLeavesTheOldImageWithoutOne() throws {
        let first = try load("app:1", command: "/1")
        let second = try load("app:1", command: "/2")
        #expect(try store.image(named: "app:1").id == second.id)
        #expect(try store.image(named: first.id.description).references == [])
        #expect(try store.images().map(\.id) == [second.id, first.id])
    }

    @Test func tagging() throws {
        let image = try load("app:1")
        try store.tag(String(image.id.hex.prefix(10)), as: ImageReference("example.com/app:2"))
        let tagged = try store.image(named: "example.com/app:2")
        #expect(tagged.id == image.id)
        #expect(tagged.references.map(\.familiar) == ["app:1", "example.com/app:2"])
        #expect(throws: ImageStoreError.noImage("none")) { try store.tag("none", as: ImageReference("x:1")) }
    }

    @Test func lastNameDeletesWhatNobodyElseNeeds() throws {
        let first = try load("app:1", layers: ["base", "one"], command: "/1")
        let second = try load("app:2", layers: ["base", "two"], command: "/2")
        try store.tag("app:1", as: ImageReference("app:also"))
        #expect(try store.remove("app:1").deleted == nil)
        let removal = try store.remove("app:also")
        #expect(removal.untagged.map(\.familiar) == ["app:also"])
        #expect(removal.deleted == first.id && removal.deletedLayers == [first.layers[1]])
        #expect(try store.layerPaths(of: second).map(names) == [["two"], ["base"]])
        try store.remove("app:2")
        #expect(names("\(store.root)/layers") == [] && names("\(store.root)/blobs/sha256") == [])
        #expect(names("\(store.root)/images") == ["references.json"] && names("\(store.root)/tmp") == [])
        #expect(throws: ImageStoreError.noImage("app:2")) { try store.remove("app:2") }
    }

    @Test func imageInUseIsKept() throws {
        let image = try load("app:1", layers: ["base", "top"])
        let inUse: Set = [image.id, image.layers[0], image.layers[1]]
        #expect(throws: ImageStoreError.self) { try store.remove("app:1", inUse: inUse) }
        #expect(try store.image(named: "app:1") == image)
        // Forced, the name and the image go; the layers stay until the container is gone, too.
        let paths = try store.layerPaths(of: image)
        #expect(try store.remove("app:1", force: true, inUse: inUse).deletedLayers == [])
        #expect(paths.map(names) == [["top"], ["base"]])
        // And a new load takes them as they are.
        #expect(try load("app:1", layers: ["base", "top"]).id == image.id)
        try store.remove("app:1", force: true, inUse: inUse)
        #expect(try Set(store.collectGarbage()) == Set(image.layers))
        #expect(names("\(store.root)/layers") == [])
    }

    @Test func anImageIsRemovedWhenNobodyUsesItOrIsAboutTo() throws {
        let first = try load("app:1", layers: ["base", "one"], command: "/1")
        let second = try load("app:2", layers: ["base", "two"], command: "/2")
        #expect(try store.removeUnused(first.id, isDangling: true) { [] } == nil)
        #expect(try store.removeUnused(first.id, isDangling: false) { [first.id] } == nil)
        // A container that is being made holds the layers; those of `second` that it shares with it, too.
        do {
            let hold = try store.hold(first)
            for image in [first, second] {
                #expect(try store.removeUnused(image.id, isDangling: false) { [] } == nil)
            }
            withExtendedLifetime(hold) {}
        }
        #expect(try store.images().count == 2)
        // Its record is there when the layers can be locked: the second answer counts for what is collected.
        var answers: [Set<Digest>] = [[first.layers[1]], []]
        let removal = try #require(try store.removeUnused(first.id, isDangling: false) { answers.popLast() ?? [] })
        #expect(removal.untagged.map(\.familiar) == ["app:1"] && removal.deleted == first.id)
        #expect(removal.deletedLayers == [] && names("\(store.root)/layers").count == 3)
        #expect(throws: ImageStoreError.noImage(first.id.description)) { try store.hold(first) }
        let last = try #require(try store.removeUnused(second.id, isDangling: false) { [] })
        #expect(Set(last.deletedLayers) == Set(first.layers + second.layers) && last.reclaimed > 0)
        #expect(names("\(store.root)/blobs/sha256") == [] && names("\(store.root)/tmp") == [])
        #expect(try store.removeUnused(second.id, isDangling: false) { [] } == nil)
    }

    @Test func idWithSeveralNamesHasToBeForced() throws {
        let image = try load("app:1")
        try store.tag("app:1", as: ImageReference("app:2"))
        #expect(throws: ImageStoreError.self) { try store.remove(image.id.description) }
        #expect(try store.remove(image.id.description, force: true).untagged.count == 2)
        #expect(try store.images() == [])
    }

    @Test func whatIsHeldOutlivesItsImage() throws {
        let image = try load("app:1")
        let path = try #require(store.layerPaths(of: image).first)
        let configuration = "\(store.root)/blobs/sha256/\(image.id.hex)"
        do {
            let hold = try store.hold(image)
            #expect(try store.remove("app:1").deletedLayers == [])
            #expect(names(path) == ["base"])
            #expect(try store.collectGarbage() == [])
            #expect(fileStatus(configuration) != nil)
            withExtendedLifetime(hold) {}
        }
        #expect(try store.collectGarbage() == image.layers)
        #expect(fileStatus(configuration) == nil)
        #expect(throws: ImageStoreError.self) { try store.hold(image) }
    }

    @Test func whatADeadCommandLeftIsRemoved() throws {
        let root = store.root
        // A half-unpacked layer, as kill -9 leaves it: with a folder that cannot be entered, and a link outside.
        for folder in ["tmp/99-1", "tmp/99-1/layer-1", "tmp/99-1/layer-1/diff", "tmp/99-1/layer-1/diff/closed"] {
            mkdir("\(root)/\(folder)", 0o700)
        }
        try fixture.folder.write("outside/kept", "x")
        symlink(fixture.folder("outside"), "\(root)/tmp/99-1/layer-1/diff/link")
        try fixture.folder.write("store/tmp/99-1/layer-1/diff/closed/file", "half")
        if isRoot { chmod("\(root)/tmp/99-1/layer-1/diff/closed", 0o500) }
        try fixture.folder.write("store/tmp/stray", "x")
        _ = try ImageStore(root: root)
        #expect(names("\(root)/tmp") == [])
        #expect(names(fixture.folder("outside")) == ["kept"])
    }

    @Test func whatARunningCommandHasIsKept() throws {
        let staging = try StagingFolder(store.folder)
        try fixture.folder.write("store/\(staging.path)/file", "x")
        _ = try ImageStore(root: store.root)
        #expect(names("\(store.root)/\(staging.path)") == ["file"])
        try staging.remove()
        #expect(names("\(store.root)/tmp") == [])
    }

    @Test func killBetweenLayersAndRecordLeavesNoLayer() throws {
        let image = try load("app:1", layers: ["kept"])
        let kept = StoreFolder.path(ofLayer: image.layers[0])
        // What a load that was killed after its renames leaves: layers nobody refers to, and its note.
        let orphan = "layers/\(String(repeating: "a", count: 64))"
        try fixture.folder.write("store/\(orphan)/diff/file", "x")
        try fixture.folder.write("store/tmp/99-7/\(StagingFolder.noteFile)", "[\"\(orphan)\",\"\(kept)\"]")
        _ = try ImageStore(root: store.root)
        #expect(names("\(store.root)/layers") == [image.layers[0].hex])
        #expect(names("\(store.root)/tmp") == [])
        // A note that was only half written costs nothing but a later collection.
        try fixture.folder.write("store/tmp/99-8/\(StagingFolder.noteFile)", "[\"layers/")
        _ = try ImageStore(root: store.root)
        #expect(names("\(store.root)/tmp") == [])
    }

    @Test func loadWaitsForNoOtherLoad() throws {
        // The lock is only held while things become visible, not while another load reads.
        let staging = try StagingFolder(store.folder)
        try load("app:1")
        try staging.remove()
    }

    @Test func damagedRecordIsNamed() throws {
        let image = try load("app:1")
        let path = "\(StoreFolder.path(ofImage: image.id))"
        try fixture.folder.write("store/\(path)", "{")
        let message = "\(try #require(throws: ImageStoreError.self) { try store.image(named: "app:1") })"
        #expect(message.contains("the image store is damaged at") && message.contains(path))
        // Commands still work, and the advice helps.
        try fixture.folder.write("store/tmp/99-9/\(StagingFolder.noteFile)", "[\"layers/x\"]")
        let again = try ImageStore(root: store.root)
        #expect(try again.remove(image.id.hex).deletedLayers == image.layers)
        #expect(try again.images() == [] && names("\(again.root)/tmp") == [])
    }

    @Test func missingLayerIsNamed() throws {
        let image = try load("app:1")
        run("rm", "-r", "\(store.root)/\(StoreFolder.path(ofLayer: image.layers[0]))")
        let message = "\(try #require(throws: ImageStoreError.self) { try store.layerPaths(of: image) })"
        #expect(message.contains("the layer is missing; load it again"))
    }
}
