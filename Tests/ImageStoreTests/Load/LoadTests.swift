import Glibc
import OCISpec
import Synchronization
import Testing

@testable import ImageStore

/// Every form that an image's archive may have.
@Suite struct LoadTests {
    let fixture: ImageFixture

    init() throws { fixture = try ImageFixture() }

    private let base = ImageArchiveBuilder.layer("base", "1")
    private let top = ImageArchiveBuilder.layer("top", "2")

    private func load(_ archive: [UInt8], as name: String = "image.tar") throws -> [LoadedImage] {
        try fixture.folder.write(name, archive)
        return try fixture.store.load(from: .file(fixture.folder(name)))
    }

    /// Checks that the image is the two layers.
    private func expectImage(
        _ loaded: [LoadedImage], named name: String?, sourceLocation: SourceLocation = #_sourceLocation
    )
        throws
    {
        try #require(loaded.count == 1, sourceLocation: sourceLocation)
        #expect(loaded[0].references.map(\.familiar) == (name.map { [$0] } ?? []), sourceLocation: sourceLocation)
        let image = try fixture.store.image(named: name ?? loaded[0].id.description)
        #expect(
            image.id == loaded[0].id && image.configuration.config?.cmd == ["/bin/sh"], sourceLocation: sourceLocation)
        #expect(image.layers == [try ImageArchiveBuilder.digest(base), try ImageArchiveBuilder.digest(top)])
        #expect(image.size == 2, sourceLocation: sourceLocation)
        let paths = try fixture.store.layerPaths(of: image)
        #expect(paths.map(names) == [["top"], ["base"]], sourceLocation: sourceLocation)
        #expect(names("\(fixture.store.root)/tmp") == [], sourceLocation: sourceLocation)
    }

    @Test(arguments: [false, true]) func dockerSaveInItsOldForm(manifestFirst: Bool) throws {
        let archive = try ImageArchiveBuilder.dockerSave([base, top], manifestFirst: manifestFirst)
        try expectImage(load(archive), named: "test:1")
    }

    @Test(arguments: ["", "gzip", "zstd"]) func archiveAndLayersInEachCompression(outer: String) throws {
        let layers = [(base, Compression.gzip(base), MediaType.layerGzip), (top, Compression.zstd(top), .layerZstd)]
        let archive = try ImageArchiveBuilder.tar(ImageArchiveBuilder.layout(layers))
        let bytes = outer == "gzip" ? Compression.gzip(archive) : outer == "zstd" ? Compression.zstd(archive) : archive
        try expectImage(load(bytes, as: "my-image.tar.gz"), named: "my-image:latest")
        for (_, blob, _) in layers {
            let path = "\(fixture.store.root)/\(ImageLayout.path(ofBlob: try ImageArchiveBuilder.digest(blob)))"
            #expect(fileStatus(path)?.st_size == off_t(blob.count))
        }
    }

    @Test func dockerSaveWithCompressedLayers() throws {
        let configuration = try ImageArchiveBuilder.configuration([base, top])
        var tar = TarBuilder()
        tar.add(.file, "./a.tar.gz", data: Compression.gzip(base))
        tar.add(.file, "./b", data: Compression.zstd(top))
        tar.add(.file, "./config", data: configuration)
        let entry = DockerArchiveEntry(config: "config", repoTags: ["test:1"], layers: ["a.tar.gz", "/b"])
        tar.add(.file, "./manifest.json", data: [entry].jsonBytes())
        try expectImage(load(tar.finished()), named: "test:1")
    }

    @Test func dockerSaveInItsNewForm() throws {
        var files = try ImageArchiveBuilder.layout([(base, base, .layer), (top, top, .layer)], name: nil)
        let id = try ImageArchiveBuilder.digest(ImageArchiveBuilder.configuration([base, top]))
        files["manifest.json"] = [
            DockerArchiveEntry(
                config: ImageLayout.path(ofBlob: id), repoTags: ["example.com/team/app:v2"],
                layers: try [base, top].map { ImageLayout.path(ofBlob: try ImageArchiveBuilder.digest($0)) })
        ].jsonBytes()
        try expectImage(load(ImageArchiveBuilder.tar(files)), named: "example.com/team/app:v2")
    }

    @Test func layersBehindLinks() throws {
        // podman writes layers once and links to them; older dockers link equal layers.
        let configuration = try ImageArchiveBuilder.configuration([base, top])
        var tar = TarBuilder()
        tar.symlink("one/layer.tar", to: "../layers/base.tar")
        tar.add(.file, "layers/base.tar", data: base)
        tar.add(.file, "layers/top.tar", data: top)
        tar.hardLink("two/layer.tar", to: "layers/top.tar")
        tar.add(.file, "config.json", data: configuration)
        let entry = DockerArchiveEntry(
            config: "config.json", repoTags: ["test:1"], layers: ["one/layer.tar", "two/layer.tar"])
        tar.add(.file, "manifest.json", data: [entry].jsonBytes())
        try expectImage(load(tar.finished()), named: "test:1")
    }

    @Test func linksInACircleEnd() throws {
        var tar = TarBuilder()
        tar.symlink("a", to: "b")
        tar.symlink("b", to: "a")
        tar.add(.file, "manifest.json", data: [DockerArchiveEntry(config: "a", layers: ["b"])].jsonBytes())
        #expect(throws: ImageStoreError.missing("a", from: "manifest.json")) { try load(tar.finished()) }
        fixture.expectEmpty()
    }

    @Test func layoutInAFolder() throws {
        let files = try ImageArchiveBuilder.layout([(base, base, .layer), (top, Compression.gzip(top), .layerGzip)])
        for (name, bytes) in files { try fixture.folder.write("Busybox/\(name)", bytes) }
        try expectImage(fixture.store.load(from: .folder(fixture.folder("Busybox"))), named: "busybox:latest")
        try expectImage(fixture.store.load(from: .file(fixture.folder("Busybox/"))), named: "busybox:latest")
    }

    @Test(arguments: ["docker.io/library/app:v1", "app:v1"]) func layoutWithAWholeName(name: String) throws {
        let files = try ImageArchiveBuilder.layout([(base, base, .layer), (top, top, .layer)], name: name)
        try expectImage(load(ImageArchiveBuilder.tar(files)), named: "app:v1")
    }

    @Test func unusedBlobsDoNotMatter() throws {
        var files = try ImageArchiveBuilder.layout([(base, base, .layer), (top, top, .layer)], name: nil)
        var broken = TarBuilder()
        broken.hardLink("link", to: "nothing")
        files["blobs/sha256/broken"] = broken.finished()
        files["blobs/sha256/random"] = [1, 2, 3]
        try expectImage(load(ImageArchiveBuilder.tar(files)), named: nil)
        #expect(names("\(fixture.store.root)/layers").count == 2)
        #expect(names("\(fixture.store.root)/blobs/sha256").count == 4)
    }

    @Test func indexChoosesThePlatform() throws {
        var files = try ImageArchiveBuilder.layout([(base, base, .layer)], name: nil)
        let index = try ImageIndex(jsonBytes: #require(files["index.json"]))
        var variants: [Descriptor] = []
        for (architecture, layer) in [("s390x", top), ("amd64", base), ("arm64", top)] {
            let config = try ImageArchiveBuilder.configuration([layer], architecture: architecture)
            var parts: [Descriptor] = []
            for (bytes, type) in [(config, MediaType.imageConfiguration), (layer, .layer)] {
                let digest = try ImageArchiveBuilder.digest(bytes)
                files[ImageLayout.path(ofBlob: digest)] = bytes
                parts.append(Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count)))
            }
            let manifest = ImageManifest(config: parts[0], layers: [parts[1]]).jsonBytes()
            let digest = try ImageArchiveBuilder.digest(manifest)
            files[ImageLayout.path(ofBlob: digest)] = manifest
            variants.append(
                Descriptor(
                    mediaType: .imageManifest, digest: digest, size: Int64(manifest.count),
                    platform: Platform(os: "linux", architecture: architecture)))
        }
        // As docker buildx writes it: an index in the index, with an attestation.
        var attestation = index.manifests[0]
        attestation.platform = Platform(os: "unknown", architecture: "unknown")
        attestation.annotations = [AnnotationName.dockerReferenceType: "attestation-manifest"]
        let nested = ImageIndex(manifests: variants + [attestation]).jsonBytes()
        let digest = try ImageArchiveBuilder.digest(nested)
        files[ImageLayout.path(ofBlob: digest)] = nested
        files["index.json"] =
            ImageIndex(manifests: [
                Descriptor(
                    mediaType: .imageIndex, digest: digest, size: Int64(nested.count),
                    annotations: [AnnotationName.containerdImageName: "docker.io/library/multi:1"])
            ]).jsonBytes()
        let archive = ImageArchiveBuilder.tar(files)
        try fixture.folder.write("multi.tar", archive)
        func load(_ platform: String) throws -> Image {
            let loaded = try fixture.store.load(
                from: .file(fixture.folder("multi.tar")), platform: Platform(platform))
            #expect(loaded.map(\.references) == [[try ImageReference("multi:1")]])
            return try fixture.store.image(named: "multi:1")
        }
        #expect(try load("linux/amd64").layers == [ImageArchiveBuilder.digest(base)])
        #expect(try load("linux/arm64").configuration.platform.architecture == "arm64")
        #expect(
            throws: ImageStoreError.platform(
                wanted: "linux/riscv64", available: ["linux/s390x", "linux/amd64", "linux/arm64"])
        ) { try load("linux/riscv64") }
    }

    @Test func manyImagesShareLayers() throws {
        let configurations = try ["/a", "/b"].map { try ImageArchiveBuilder.configuration([base, top], command: $0) }
        var tar = TarBuilder()
        tar.add(.file, "base.tar", data: base)
        tar.add(.file, "top.tar", data: top)
        for (index, bytes) in configurations.enumerated() { tar.add(.file, "\(index).json", data: bytes) }
        let entries = (0...1).map {
            DockerArchiveEntry(
                config: "\($0).json", repoTags: ["app:\($0)", "app:both"], layers: ["base.tar", "top.tar"])
        }
        tar.add(.file, "manifest.json", data: entries.jsonBytes())
        #expect(try load(tar.finished()).count == 2)
        #expect(try fixture.store.image(named: "app:0").configuration.config?.cmd == ["/a"])
        // A name that is given twice goes to the last.
        #expect(try fixture.store.image(named: "app:both").configuration.config?.cmd == ["/b"])
        #expect(names("\(fixture.store.root)/layers").count == 2)
    }

    @Test func layersThatAreThereArePassedOver() throws {
        let layers = [(base, Compression.gzip(base), MediaType.layerGzip), (top, top, .layer)]
        let archive = try ImageArchiveBuilder.tar(ImageArchiveBuilder.layout(layers))
        try fixture.folder.write("image.tar", archive)
        let first = try fixture.store.load(from: .file(fixture.folder("image.tar")))
        let before = names("\(fixture.store.root)/layers").map {
            fileStatus("\(fixture.store.root)/layers/\($0)/diff")?.st_ino
        }
        var phases: [ImageProgress.Phase] = []
        let second = try fixture.store.load(from: .file(fixture.folder("image.tar"))) { phases.append($0.phase) }
        #expect(second == first)
        #expect(phases == [.exists, .exists, .flushing])
        let after = names("\(fixture.store.root)/layers").map {
            fileStatus("\(fixture.store.root)/layers/\($0)/diff")?.st_ino
        }
        #expect(before == after)
    }

    @Test func progressCountsToTheEnd() throws {
        let big = ImageArchiveBuilder.layer("big", String(repeating: "x", count: 5 << 20))
        try fixture.folder.write("image.tar", ImageArchiveBuilder.dockerSave([big]))
        var steps: [ImageProgress] = []
        _ = try fixture.store.load(from: .file(fixture.folder("image.tar"))) { steps.append($0) }
        let unpacking = steps.filter { $0.phase == .unpacking }
        #expect(unpacking.count > 3)
        #expect(unpacking.map(\.completed) == unpacking.map(\.completed).sorted())
        #expect(unpacking.allSatisfy { $0.object == "layer0/layer.tar" && $0.total == Int64(big.count) })
        #expect(unpacking.last?.completed == Int64(big.count))
        #expect(steps.last?.phase == .flushing)
    }

    @Test func emptyLayers() throws {
        let empty = [UInt8](repeating: 0, count: 1024)
        let archive = try ImageArchiveBuilder.tar(
            ImageArchiveBuilder.layout([
                (base, base, .layer), (empty, empty, .layer), (empty, Compression.gzip(empty), .layerGzip),
                (top, top, .layer),
            ]))
        _ = try load(archive)
        let image = try fixture.store.image(named: "image:latest")
        #expect(image.layers.count == 4)
        #expect(try fixture.store.layerPaths(of: image).map(names) == [["top"], [], [], ["base"]])
    }

    @Test func twoLoadsOfTheSameLayersAtOnce() throws {
        let layers = (0..<6).map { index in
            ImageArchiveBuilder.layer("file\(index)", String(repeating: "\(index)", count: 700_000))
        }
        try fixture.folder.write("image.tar", ImageArchiveBuilder.dockerSave(layers))
        let (root, path) = (fixture.store.root, fixture.folder("image.tar"))
        let workers = try (0..<4).map { _ in
            try Worker { try ImageStore(root: root).load(from: .file(path)).map(\.id) }
        }
        let results = try workers.map { try $0.join() }
        #expect(Set(results).count == 1)
        let image = try fixture.store.image(named: "test:1")
        #expect(try fixture.layerFolders(of: image).reversed().map(names) == (0..<6).map { ["file\($0)"] })
        #expect(names("\(root)/layers").count == 6 && names("\(root)/tmp") == [])
    }
}
