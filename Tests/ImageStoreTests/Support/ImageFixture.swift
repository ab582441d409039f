import Glibc
import LinuxSystem
import OCISpec
import Testing

@testable import ImageStore

/// A store in a folder of its own, and ways to get layers and images into it.
struct ImageFixture {
    let folder: TemporaryFolder
    let store: ImageStore
    private let mounts = OpenFolders()

    init() throws {
        folder = try TemporaryFolder()
        store = try ImageStore(root: folder("store"))
    }

    /// Unpacks an archive as the only layer of an image, and answers the layer's folder; for one that is an image that is its mount.
    @discardableResult
    func unpack(
        _ archive: [UInt8], limits: UnpackLimits = UnpackLimits(), reference: String? = nil
    ) throws -> String {
        try folder.write("layer.tar", archive)
        let image = try store.importRoot(
            from: .file(folder("layer.tar")), reference: reference.map { try ImageReference($0) }, limits: limits)
        return try #require(layerFolders(of: image).first)
    }

    /// The folders of an image's layers, the topmost first; for a layer that is an image that is its mount.
    func layerFolders(of image: Image) throws -> [String] {
        try store.layerPaths(of: image).map { path in
            let folder = String(path.dropLast("/diff".utf8.count))
            guard fileStatus("\(folder)/\(ErofsImage.file)") != nil else { return path }
            let layer = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
            return mounts.path(of: try StoreFolder.files(ofLayer: layer, folder))
        }
    }

    @discardableResult
    func unpack(limits: UnpackLimits = UnpackLimits(), _ build: (inout TarBuilder) -> Void) throws -> String {
        var tar = TarBuilder()
        build(&tar)
        return try unpack(tar.finished(), limits: limits)
    }

    /// The error that unpacking an archive ends with; also checks that nothing is left of it.
    func fault(_ archive: [UInt8], limits: UnpackLimits = UnpackLimits()) throws -> String {
        var message = "no error"
        do {
            try unpack(archive, limits: limits)
        } catch {
            message = "\(error)"
        }
        expectEmpty()
        return message
    }

    func fault(limits: UnpackLimits = UnpackLimits(), _ build: (inout TarBuilder) -> Void) throws -> String {
        var tar = TarBuilder()
        build(&tar)
        return try fault(tar.finished(), limits: limits)
    }

    /// Checks that the store holds nothing at all.
    func expectEmpty(sourceLocation: SourceLocation = #_sourceLocation) {
        for path in ["layers", "blobs/sha256", "images", "tmp"] {
            #expect(names("\(store.root)/\(path)") == [], sourceLocation: sourceLocation)
        }
    }
}

/// Builds archives of images.
enum ImageArchiveBuilder {
    static func digest(_ bytes: [UInt8]) throws -> Digest { try StreamDigest.of(bytes).digest }

    static func configuration(_ layers: [[UInt8]], architecture: String = "amd64", command: String = "/bin/sh") throws
        -> [UInt8]
    {
        ImageConfiguration(
            platform: Platform(os: "linux", architecture: architecture),
            rootfs: ImageConfiguration.RootFilesystem(diffIDs: try layers.map(digest)),
            config: ImageConfiguration.Config(cmd: [command])
        ).jsonBytes()
    }

    /// Files of an OCI layout by their names, with one image.
    ///
    /// - Parameter layers: each archive, and what it is in the layout: as it is, or compressed.
    static func layout(
        _ layers: [(tar: [UInt8], blob: [UInt8], type: MediaType)], name: String? = "latest",
        change: (inout ImageManifest) -> Void = { _ in }
    ) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = ["oci-layout": ImageLayout().jsonBytes()]
        func add(_ bytes: [UInt8], _ type: MediaType) throws -> Descriptor {
            let digest = try digest(bytes)
            files[ImageLayout.path(ofBlob: digest)] = bytes
            return Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
        }
        let config = try add(configuration(layers.map(\.tar)), .imageConfiguration)
        var manifest = try ImageManifest(
            mediaType: .imageManifest, config: config, layers: layers.map { try add($0.blob, $0.type) })
        change(&manifest)
        var descriptor = try add(manifest.jsonBytes(), .imageManifest)
        if let name { descriptor.annotations[AnnotationName.referenceName] = name }
        files["index.json"] = ImageIndex(manifests: [descriptor]).jsonBytes()
        return files
    }

    /// The old form of `docker save`: `ID/layer.tar`, the configuration under its digest, the manifest last.
    static func dockerSave(_ layers: [[UInt8]], tags: [String] = ["test:1"], manifestFirst: Bool = false) throws
        -> [UInt8]
    {
        let configuration = try configuration(layers)
        let configName = "\(try digest(configuration).hex).json"
        let entry = DockerArchiveEntry(
            config: configName, repoTags: tags, layers: layers.indices.map { "layer\($0)/layer.tar" })
        var tar = TarBuilder()
        if manifestFirst { tar.add(.file, "manifest.json", data: [entry].jsonBytes()) }
        for (index, layer) in layers.enumerated() {
            tar.folder("layer\(index)/")
            tar.add(.file, "layer\(index)/layer.tar", data: layer)
        }
        tar.add(.file, configName, data: configuration)
        if !manifestFirst { tar.add(.file, "manifest.json", data: [entry].jsonBytes()) }
        return tar.finished()
    }

    /// The files as one tar archive.
    static func tar(_ files: [String: [UInt8]]) -> [UInt8] {
        var tar = TarBuilder()
        for name in files.keys.sorted() { tar.add(.file, name, data: files[name] ?? []) }
        return tar.finished()
    }

    /// A small layer with one file.
    static func layer(_ name: String = "file", _ content: String = "content") -> [UInt8] {
        var tar = TarBuilder()
        tar.file(name, content)
        return tar.finished()
    }
}
