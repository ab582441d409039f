import Glibc
import LinuxSystem
import OCISpec
import Testing

/// An image of an attacker: busybox with one more layer and a configuration of the attacker's, loaded as `hostile`.
struct HostileImage {
    var layer = TarArchive()
    /// The image's `config`: Env, Entrypoint, User and so on.
    var config: JSONObject = ["Cmd": ["/bin/sh"], "Env": ["PATH=/bin:/sbin:/usr/bin:/usr/sbin"]]
    /// What stands beside it.
    var members: JSONObject = [:]

    init(_ change: (inout HostileImage) -> Void) { change(&self) }

    /// Writes the image in the form of `docker save` and loads it.
    func load(into engine: TestEngine, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let layers = [try TestImage.busybox.get(), TestImage.Layer(layer.bytes)]
        var document: JSONObject = [
            "architecture": .string(TestImage.architecture), "os": "linux", "config": .object(config),
            "rootfs": ["type": "layers", "diff_ids": .array(layers.map { .string("sha256:\($0.digest)") })],
        ]
        for member in members.members { document[member.name] = member.value }
        let configuration = JSONValue.object(document).serialized()
        let name = "\(TestImage.digest(configuration)).json"
        let manifest: JSONValue = [
            ["Config": .string(name), "RepoTags": ["hostile:latest"], "Layers": ["0/layer.tar", "1/layer.tar"]]
        ]
        var archive = TarArchive()
        archive.add(name, .file, configuration)
        for (index, layer) in layers.enumerated() { archive.add("\(index)/layer.tar", .file, layer.bytes) }
        archive.add("manifest.json", .file, manifest.serialized())
        let path = "\(engine.folder)/hostile.tar"
        try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC).writeAll(archive.bytes)
        let loaded = try engine("load", "-q", "-i", path)
        #expect(loaded.status == 0, "\(loaded)", sourceLocation: sourceLocation)
    }
}

extension TestEngine {
    /// Gives `body` an engine that has busybox and, as `hostile`, an attacker's image.
    static func with(
        hostile: HostileImage, sourceLocation: SourceLocation = #_sourceLocation, _ body: (TestEngine) throws -> Void
    ) throws {
        try with(sourceLocation: sourceLocation) { engine in
            try hostile.load(into: engine, sourceLocation: sourceLocation)
            try body(engine)
        }
    }
}
