import Glibc
import LinuxSystem
import OCISpec
import Testing

@testable import ImageStore

/// threats.md, layer archives, rows 7 and 8: what differs from its descriptor, and what is truncated or corrupt.
@Suite struct DamageTests {
    let fixture: ImageFixture

    init() throws { fixture = try ImageFixture() }

    /// The error that loading ends with, from a file and from a folder; both must leave nothing.
    private func faults(_ files: [String: [UInt8]]) throws -> [String] {
        try fixture.folder.write("image.tar", ImageArchiveBuilder.tar(files))
        for (name, bytes) in files { try fixture.folder.write("layout/\(name)", bytes) }
        return [fixture.folder("image.tar"), fixture.folder("layout")].map { path in
            defer { fixture.expectEmpty() }
            do {
                _ = try fixture.store.load(from: .file(path))
                return "no error"
            } catch {
                return "\(error)"
            }
        }
    }

    private func layout(
        _ blob: [UInt8]? = nil, type: MediaType = .layer, change: (inout ImageManifest) -> Void = { _ in }
    ) throws -> [String: [UInt8]] {
        let tar = ImageArchiveBuilder.layer()
        return try ImageArchiveBuilder.layout([(tar, blob ?? tar, type)], change: change)
    }

    @Test func blobThatDiffersFromItsDigest() throws {
        for kind in [MediaType.layer, .imageConfiguration, .imageManifest] {
            var files = try layout()
            let manifest = try #require(
                files.first { $0.key.hasPrefix("blobs/") && $0.value.starts(with: Array("{\"schemaVersion".utf8)) })
            let parsed = try ImageManifest(jsonBytes: manifest.value)
            let name =
                switch kind {
                case .layer: ImageLayout.path(ofBlob: parsed.layers[0].digest)
                case .imageConfiguration: ImageLayout.path(ofBlob: parsed.config.digest)
                default: manifest.key
                }
            var changed = try #require(files[name])
            // Within the file's content, so that every header stays whole; within a word in JSON.
            changed[kind == .layer ? 513 : 3] ^= 1
            files[name] = changed
            let digest = try ImageArchiveBuilder.digest(changed)
            for message in try faults(files) {
                #expect(message.contains("its content is \(digest), not sha256:\(name.suffix(64))"), "\(message)")
            }
        }
    }

    @Test func blobThatDiffersFromItsSize() throws {
        for message in try faults(layout { $0.layers[0].size += 1 }) {
            #expect(message.contains("has 2048 bytes, not the 2049 of its descriptor"), "\(message)")
        }
        for message in try faults(layout { $0.config.size -= 1 }) {
            #expect(message.contains("of its descriptor"), "\(message)")
        }
    }

    @Test func layerThatDiffersFromItsDiffID() throws {
        let (tar, other) = (ImageArchiveBuilder.layer(), ImageArchiveBuilder.layer("other"))
        let files = try ImageArchiveBuilder.layout([(tar, Compression.gzip(other), .layerGzip)])
        let (expected, actual) = try (ImageArchiveBuilder.digest(tar), ImageArchiveBuilder.digest(other))
        for message in try faults(files) {
            #expect(message.contains("its content is \(actual), not \(expected)"), "\(message)")
        }
    }

    @Test func moreOrFewerLayersThanDiffIDs() throws {
        for message in try faults(layout { $0.layers.append($0.layers[0]) }) {
            #expect(message.contains("it names 1 layers, the manifest 2"), "\(message)")
        }
        for message in try faults(layout { $0.layers = [] }) {
            #expect(message.contains("it names 1 layers, the manifest 0"), "\(message)")
        }
    }

    @Test func corruptCompressedLayersNameTheirDigest() throws {
        let tar = ImageArchiveBuilder.layer("file", String(repeating: "content", count: 1000))
        for (whole, type) in [(Compression.gzip(tar), MediaType.layerGzip), (Compression.zstd(tar), .layerZstd)] {
            for blob in [Array(whole.dropLast(20)), Array(whole.prefix(600)), Array(whole.prefix(3))] {
                let digest = try ImageArchiveBuilder.digest(blob)
                for message in try faults(ImageArchiveBuilder.layout([(tar, blob, type)])) {
                    #expect(message.contains(digest.description), "\(message)")
                }
            }
        }
    }

    @Test func truncatedTarLayerNamesItsDigest() throws {
        let tar = ImageArchiveBuilder.layer("file", String(repeating: "content", count: 1000))
        let blob = Array(tar.prefix(3000))
        let digest = try ImageArchiveBuilder.digest(blob)
        for message in try faults(ImageArchiveBuilder.layout([(tar, blob, .layer)])) {
            #expect(message.contains("layer \(digest): cannot read"), "\(message)")
        }
    }

    @Test func unknownMediaTypeIsNamed() throws {
        for message in try faults(layout(type: MediaType(rawValue: "application/vnd.example.layer"))) {
            #expect(message.contains("\"application/vnd.example.layer\""), "\(message)")
        }
        for message in try faults(layout { $0.config.mediaType = MediaType(rawValue: "application/vnd.example") }) {
            #expect(message.contains("\"application/vnd.example\""), "\(message)")
        }
    }

    @Test func missingBlobIsNamed() throws {
        var files = try layout()
        for name in files.keys where name.hasPrefix("blobs/") {
            let kept = files.removeValue(forKey: name)
            for message in try faults(files) {
                #expect(message.contains("sha256:\(name.suffix(64)), which the archive does not hold"), "\(message)")
            }
            files[name] = kept
            run("rm", "-r", fixture.folder("layout"))
        }
    }

    @Test func archiveTruncatedAnywhere() throws {
        let files = try layout()
        for archive in [
            ImageArchiveBuilder.tar(files), try ImageArchiveBuilder.dockerSave([ImageArchiveBuilder.layer()]),
        ] {
            // The last bytes are the end marker, which tar does without.
            for count in stride(from: 0, to: archive.count - 1024, by: 173) {
                try fixture.folder.write("cut.tar", Array(archive.prefix(count)))
                #expect(throws: (any Error).self, "\(count)") {
                    try fixture.store.load(from: .file(fixture.folder("cut.tar")))
                }
                fixture.expectEmpty()
            }
        }
    }

    @Test func compressedArchiveTruncatedAnywhere() throws {
        let archive = try ImageArchiveBuilder.dockerSave([ImageArchiveBuilder.layer()])
        for whole in [Compression.gzip(archive), Compression.zstd(archive)] {
            for count in stride(from: 1, to: whole.count - 1100, by: 397) {
                try fixture.folder.write("cut.tar", Array(whole.prefix(count)))
                #expect(throws: (any Error).self, "\(count)") {
                    try fixture.store.load(from: .file(fixture.folder("cut.tar")))
                }
                fixture.expectEmpty()
            }
        }
    }

    @Test func bitFlippedAnywhereNeverPassesUnnoticed() throws {
        let tar = ImageArchiveBuilder.layer()
        let files = try ImageArchiveBuilder.layout([(tar, tar, .layer)])
        let archive = ImageArchiveBuilder.tar(files)
        for position in stride(from: 0, to: archive.count - 1024, by: 101) {
            var changed = archive
            changed[position] ^= 0x10
            try fixture.folder.write("changed.tar", changed)
            guard let loaded = try? fixture.store.load(from: .file(fixture.folder("changed.tar"))) else {
                fixture.expectEmpty()
                continue
            }
            // It hit what nobody uses, or a name: then the content is still what the digests say.
            for image in loaded {
                let image = try fixture.store.image(named: image.id.description)
                let layer = try #require(fixture.store.layerPaths(of: image).first)
                #expect(text("\(layer)/file") == "content", "\(position)")
                #expect(image.layers == [try ImageArchiveBuilder.digest(tar)])
                try fixture.store.remove(image.id.description, force: true)
            }
            unlink("\(fixture.store.root)/images/references.json")
        }
    }

    @Test func manifestThatIsNoJSONIsNamed() throws {
        for name in ["manifest.json", "index.json"] {
            let archive = ImageArchiveBuilder.tar([name: Array("no json".utf8)])
            try fixture.folder.write("archive.tar", archive)
            do {
                _ = try fixture.store.load(from: .file(fixture.folder("archive.tar")))
                Issue.record("loaded")
            } catch {
                #expect("\(error)".contains("\(name)") && "\(error)".contains("not JSON"), "\(error)")
            }
        }
        fixture.expectEmpty()
    }

    @Test func whatIsNoArchiveIsSaid() throws {
        for (bytes, reason) in [
            (Array("just text".utf8), "no tar archive"), ([], "no image archive"),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 1], "no tar archive"),
            (ImageArchiveBuilder.layer(), "use import"),
        ] as [([UInt8], String)] {
            try fixture.folder.write("file", bytes)
            do {
                _ = try fixture.store.load(from: .file(fixture.folder("file")))
                Issue.record("loaded")
            } catch {
                #expect("\(error)".contains(bytes.isEmpty ? "neither" : reason), "\(error)")
            }
        }
        fixture.expectEmpty()
    }
}
