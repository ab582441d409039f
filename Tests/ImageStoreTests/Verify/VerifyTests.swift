import Glibc
import LinuxSystem
import OCISpec
import Testing

@testable import ImageStore

/// What `verify` finds, and what it repairs with what the store has.
struct VerifyTests {
    private static let name = "registry.test/forum/web:1"

    /// A store with an image of two layers, one of them compressed.
    private struct Store {
        let fixture: ImageFixture
        let image: Image
        let tars: [[UInt8]]

        var root: String { fixture.store.root }
        var store: ImageStore { fixture.store }

        init() throws {
            fixture = try ImageFixture()
            var tar = TarBuilder()
            tar.folder("etc/")
            tar.file("etc/passwd", "root:x:0:0::/:/bin/sh\n")
            tar.file("etc/passwd", "root:x:0:0::/root:/bin/sh\n", mode: 0o600)
            tar.folder("gone/")
            tar.file("gone/file", "x")
            tar.symlink("gone", to: "etc")
            tar.symlink("link", to: "etc/passwd")
            tar.hardLink("second", to: "etc/passwd")
            tar.file("through/.keep")
            tar.file("gone/through-a-link", "y")
            tar.add(.fifo, "pipe")
            tar.file("empty")
            tar.file(String(repeating: "long/", count: 60) + "name", "z")
            var upper = TarBuilder()
            upper.folder("etc/")
            upper.file("etc/.wh.passwd")
            upper.folder("opaque/")
            upper.file("opaque/.wh..wh..opq")
            upper.file("big", String(repeating: "big", count: 60_000))
            tars = [tar.finished(), upper.finished()]
            let layout = try ImageArchiveBuilder.layout([
                (tars[0], tars[0], .layer), (tars[1], Compression.gzip(tars[1]), .layerGzip),
            ])
            try fixture.folder.write("image.tar", ImageArchiveBuilder.tar(layout))
            let loaded = try fixture.store.load(from: .file(fixture.folder("image.tar")))
            let id = try #require(loaded.first?.id)
            try fixture.store.tag(id.description, as: ImageReference(VerifyTests.name))
            for reference in loaded.flatMap(\.references) where reference.description != VerifyTests.name {
                try fixture.store.remove(reference.description)
            }
            image = try fixture.store.image(named: id.description)
        }

        func blob(_ digest: Digest) -> String { "\(root)/blobs/sha256/\(digest.hex)" }

        /// The blob of a layer.
        func layerBlob(_ index: Int) throws -> Digest {
            try #require(try store.folder.layer(image.layers[index])).blob
        }

        func file(_ layer: Int, _ path: String) -> String { "\(root)/layers/\(image.layers[layer].hex)/diff/\(path)" }

        /// Changes one bit.
        func flip(_ path: String, at offset: off_t = 100) throws {
            let file = try FileDescriptor.open(path, O_RDWR)
            var byte: [UInt8] = [0]
            try #require(pread(file.rawValue, &byte, 1, offset) == 1)
            byte[0] ^= 4
            try #require(pwrite(file.rawValue, byte, 1, offset) == 1)
        }

        /// What is damaged; whatever it is, verifying changes nothing.
        func damages() throws -> [StoreDamage] {
            let before = tree(root)
            let report = try store.verify()
            #expect(tree(root) == before)
            return report.damages
        }

        /// Repairs, and says what is damaged after that.
        func repair() throws -> [StoreDamage] {
            let damages = try store.verify().damages
            let reasons = try store.repair(damages)
            #expect(reasons.isEmpty, "\(reasons)")
            #expect(names("\(root)/tmp") == [])
            return try store.verify().damages
        }
    }

    @Test func aWholeStoreIsWhole() throws {
        let store = try Store()
        let report = try store.store.verify()
        #expect(report.isWhole, "\(report.damages)")
        #expect(report.blobs == 4 && report.layers == 2 && report.images == 1 && report.uncomparedLayers == 0)
        #expect(report.bytes > 180_000)
    }

    @Test func aChangedBlobIsFoundAndSaidToBeFetched() throws {
        let store = try Store()
        let blob = try store.layerBlob(1)
        try store.flip(store.blob(blob))
        let damage = try #require(store.damages().first)
        #expect(damage.object == .blob(blob))
        #expect(damage.problem.contains("have digest sha256:"))
        #expect(damage.users == ["image \(Self.name)"])
        #expect(damage.remedy == .fetch([try ImageReference(Self.name)], isManifest: false))
        try #expect(store.damages().count == 1)
        // Its layer cannot be compared, and is left alone.
        try #expect(store.store.verify().uncomparedLayers == 1)
    }

    @Test func aTruncatedAMissingAndAnUnreadableBlobAreFound() throws {
        let store = try Store()
        let config = store.image.id
        let manifest = try #require(store.image.manifest)
        let (one, two) = (try store.layerBlob(0), try store.layerBlob(1))
        #expect(truncate(store.blob(one), 700) == 0)
        #expect(unlink(store.blob(two)) == 0)
        #expect(unlink(store.blob(manifest)) == 0 && mkdir(store.blob(manifest), 0o700) == 0)
        #expect(unlink(store.blob(config)) == 0 && symlink("/dev/zero", store.blob(config)) == 0)
        let damages = try store.damages()
        #expect(Set(damages.map(\.object)) == [.blob(one), .blob(two), .blob(manifest), .blob(config)])
        let problems = Dictionary(uniqueKeysWithValues: damages.map { ($0.object, $0.problem) })
        #expect(problems[.blob(one)]?.hasPrefix("its 700 bytes have digest") == true)
        #expect(problems[.blob(two)] == "it is missing")
        #expect(problems[.blob(manifest)] == "it is no file")
        #expect(problems[.blob(config)]?.hasPrefix("it cannot be opened") == true)
        let report = try store.store.verify()
        #expect(Set(report.origins.filter(\.isManifest).map(\.digest)) == [manifest])
        // What comes instead is put in its place, whatever stood there.
        for (digest, bytes) in [(one, store.tars[0]), (two, Compression.gzip(store.tars[1]))] {
            let replacement = try store.store.replaceBlob(digest)
            try [1, 2, 3].withUnsafeBytes { try replacement.write($0) }
            try replacement.restart()
            try bytes.withUnsafeBytes { try replacement.write($0) }
            try replacement.finish()
        }
        #expect(throws: ImageStoreError.self) {
            let replacement = try store.store.replaceBlob(manifest)
            try [1, 2, 3].withUnsafeBytes { try replacement.write($0) }
            try replacement.finish()
        }
        try #expect(Set(store.damages().map(\.object)) == [.blob(manifest), .blob(config)])
        #expect(names("\(store.root)/tmp") == [])
    }

    @Test func loadingAgainBringsWhatIsMissing() throws {
        let store = try Store()
        for digest in [try store.layerBlob(1), store.image.id] { #expect(unlink(store.blob(digest)) == 0) }
        try #expect(store.damages().count == 2)
        _ = try store.store.load(from: .file(store.fixture.folder("image.tar")))
        try #expect(store.damages() == [])
    }

    /// What can happen to the file of an unpacked layer.
    enum Change: CaseIterable {
        case content, length, missing, kind, permissions, link, stranger, opaque, whiteout, throughLink
    }

    @Test(arguments: Change.allCases) func aChangedLayerIsFoundAndUnpackedAgain(change: Change) throws {
        let store = try Store()
        let expected: String
        var layer = 0
        switch change {
        case .content:
            try store.flip(store.file(0, "etc/passwd"), at: 3)
            expected = #"its file "etc/passwd" has other content"#
        case .length:
            #expect(truncate(store.file(0, "etc/passwd"), 3) == 0)
            expected = #"its file "etc/passwd" has 3 bytes, not 26"#
        case .missing:
            #expect(unlink(store.file(0, "pipe")) == 0)
            expected = #"its file "pipe" is missing"#
        case .kind:
            #expect(unlink(store.file(0, "empty")) == 0 && mkdir(store.file(0, "empty"), 0o755) == 0)
            expected = #"its file "empty" is of another kind"#
        case .permissions:
            #expect(chmod(store.file(0, "etc/passwd"), 0o4755) == 0)
            expected = #"its file "etc/passwd" has other permissions"#
        case .link:
            #expect(unlink(store.file(0, "link")) == 0 && symlink("/etc/shadow", store.file(0, "link")) == 0)
            expected = #"its file "link" leads elsewhere"#
        case .stranger:
            _ = try FileDescriptor.open(store.file(0, "etc/cron"), O_WRONLY | O_CREAT)
            expected = #"its file "etc/cron" is not of the layer"#
        case .opaque:
            layer = 1
            #expect(rmdir(store.file(1, "opaque")) == 0 && mkdir(store.file(1, "opaque"), 0o755) == 0)
            expected = #"its file "opaque" does not hide the folder below it"#
        case .whiteout:
            layer = 1
            #expect(unlink(store.file(1, "etc/passwd")) == 0)
            expected = #"its file "etc/passwd" is not hidden"#
        case .throughLink:
            #expect(unlink(store.file(0, "etc/through-a-link")) == 0)
            expected = #"its file "gone/through-a-link" is missing"#
        }
        let damages = try store.damages()
        #expect(damages.map(\.object) == [.layer(store.image.layers[layer])])
        #expect(damages.first?.problem == expected)
        #expect(damages.first?.remedy == .unpack(blob: try store.layerBlob(layer)))
        try #expect(store.repair() == [])
        #expect(text(store.file(0, "etc/passwd")) == "root:x:0:0::/root:/bin/sh\n")
    }

    @Test func aLayerInUseStaysAndSaysWhy() throws {
        let store = try Store()
        try store.flip(store.file(0, "etc/passwd"), at: 3)
        let damages = try store.damages()
        let object = StoreObject.layer(store.image.layers[0])
        try #expect(
            store.store.repair(damages, whileIdle: { _, _ in "a container runs" }) == [object: "a container runs"])
        do {
            let hold = try store.store.hold(store.image)
            let reasons = try store.store.repair(damages)
            withExtendedLifetime(hold) { #expect(reasons[object]?.contains("is being made") == true) }
        }
        try #expect(store.damages() == damages)
        try #expect(store.repair() == [])
    }

    @Test func recordsAreWrittenAnew() throws {
        let store = try Store()
        let layer = store.image.layers[0]
        try store.fixture.folder.write("store/layers/\(layer.hex)/layer.json", "{")
        #expect(unlink("\(store.root)/layers/\(store.image.layers[1].hex)/layer.json") == 0)
        let record = try store.store.folder.image(store.image.id)
        try #expect(Set(store.damages().map(\.object)) == Set(store.image.layers.map { .layer($0) }))
        try #expect(store.repair() == [])
        try store.fixture.folder.write("store/images/\(store.image.id.hex).json", "[]")
        let damages = try store.damages()
        #expect(damages.map(\.object) == [.image(store.image.id)])
        #expect(damages.first?.users == ["image \(Self.name)"])
        try #expect(store.repair() == [])
        var rewritten = try #require(try store.store.folder.image(store.image.id))
        rewritten.loaded = try #require(record).loaded
        #expect(rewritten == record)
    }

    @Test func whatNothingNeedsIsRemoved() throws {
        let store = try Store()
        try store.fixture.folder.write("store/blobs/sha256/notes.txt", "mine")
        try store.fixture.folder.write("store/blobs/sha256/\(String(repeating: "a", count: 64))", "other")
        try store.fixture.folder.write("store/layers/x/diff/file", "other")
        try store.fixture.folder.write("store/layers/\(String(repeating: "b", count: 64))/diff/file", "other")
        try store.fixture.folder.write("store/images/y.json", "{}")
        let damages = try store.damages()
        #expect(damages.count == 5)
        #expect(damages.allSatisfy { $0.remedy == .remove && $0.users.isEmpty }, "\(damages)")
        try #expect(store.repair() == [])
        #expect(names("\(store.root)/layers").count == 2)
    }

    @Test func whatADamagedImageMayNeedStays() throws {
        let store = try Store()
        try store.fixture.folder.write("store/images/\(store.image.id.hex).json", "[]")
        #expect(unlink(store.blob(store.image.id)) == 0)
        let blob = try store.layerBlob(0)
        try store.flip(store.blob(blob))
        let damages = try store.damages()
        #expect(damages.contains { $0.object == .blob(blob) && $0.remedy == .load }, "\(damages)")
        _ = try store.store.repair(damages)
        #expect(fileStatus(store.blob(blob)) != nil)
        #expect(names("\(store.root)/layers").count == 2)
    }

    @Test func namesAreLookedAt() throws {
        let store = try Store()
        let file = "store/images/references.json"
        try store.fixture.folder.write(
            file,
            "{\"\(Self.name)\": \"\(store.image.id)\", \"gone:1\": \"sha256:\(String(repeating: "c", count: 64))\"}")
        try #expect(store.damages().map(\.object) == [.reference("gone:1")])
        try #expect(store.repair() == [])
        try #expect(store.store.image(named: Self.name).id == store.image.id)
        try store.fixture.folder.write(file, "nothing")
        let damages = try store.damages()
        #expect(damages.map(\.object) == [.references])
        try #expect(store.store.repair(damages).isEmpty)
        try #expect(store.damages() == damages)
    }

    @Test func repositoriesAreLookedAt() throws {
        let store = try Store()
        let repositories = RepositoryStore(store.store) { [] }
        let (forum, other) = (try RepositoryName("forum/web"), try RepositoryName("forum"))
        let config = try Digest(of: Array("{}".utf8))
        let upload = try repositories.beginUpload(to: forum)
        try Array("{}".utf8).withUnsafeBytes { try upload.append($0) }
        try upload.finish(as: config)
        try repositories.create(other)
        let bytes = ImageManifest(
            mediaType: .imageManifest, config: Descriptor(mediaType: .emptyJSON, digest: config, size: 2), layers: []
        ).jsonBytes()
        let stored = try repositories.put(
            bytes, mediaType: nil, as: .tag("1"), in: forum, keepsTags: false)
        try #expect(store.damages() == [])
        try #expect(store.store.verify().repositories == 2)

        try store.flip(store.blob(config), at: 0)
        let damage = try #require(store.damages().first)
        #expect(damage.users == ["repository forum/web"] && damage.remedy == .push)
        // What is damaged is not given to anybody any more, so it can be pushed.
        try #expect(store.repair().map(\.problem) == ["it is missing"])
        #expect(throws: RepositoryError.noBlob(config)) { _ = try repositories.open(config, in: forum) }
        let again = try repositories.beginUpload(to: forum)
        try Array("{}".utf8).withUnsafeBytes { try again.append($0) }
        try again.finish(as: config)
        try #expect(store.damages() == [])

        let folder = "store/registry/forum/web"
        try store.fixture.folder.write("\(folder)/_tags/2", "nonsense")
        try store.fixture.folder.write("\(folder)/_tags/3", "sha256:\(String(repeating: "d", count: 64))\n")
        try store.fixture.folder.write("\(folder)/_manifests/\(stored.digest.hex)", "")
        try store.fixture.folder.write("\(folder)/_other", "{")
        try #expect(
            Set(store.damages().map(\.object))
                == Set(
                    ["_tags/2", "_tags/3", "_manifests/\(stored.digest.hex)", "_other"].map {
                        .repository("registry/forum/web/\($0)")
                    }))
        _ = try repositories.put(bytes, mediaType: nil, as: .tag("2"), in: forum, keepsTags: false)
        try #expect(store.damages().count == 2)
    }

    @Test func whatContainersNeedIsKept() throws {
        let store = try Store()
        let uses = [StoreUse(user: "container c", image: store.image.id, layers: Set(store.image.layers))]
        try store.store.remove(Self.name, force: true, inUse: Set(store.image.layers + [store.image.id]))
        try #expect(store.store.verify(uses: { uses }).damages == [])
        try store.flip(store.file(0, "etc/passwd"), at: 3)
        #expect(unlink(store.blob(store.image.id)) == 0)
        let damages = try store.store.verify(uses: { uses }).damages
        #expect(damages.map(\.users) == [["container c"], ["container c"]])
        #expect(damages.map(\.object) == [.blob(store.image.id), .layer(store.image.layers[0])])
        _ = try store.store.repair(damages, uses: { uses })
        try #expect(store.store.verify(uses: { uses }).damages.map(\.object) == [.blob(store.image.id)])
    }
}
