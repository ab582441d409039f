import Crypto
import Glibc
import LinuxSystem
import OCISpec

/// A `docker save` archive made from layers.
enum TestImage {
    /// The archive of an image `name` whose layers, base first, are these tar archives.
    static func archive(_ name: String, layers: [[UInt8]], config: JSONObject = ["Cmd": ["/bin/sh"]]) -> [UInt8] {
        let digests = layers.map(digest)
        let configuration = JSONValue.object([
            "architecture": .string(architecture), "os": "linux", "config": .object(config),
            "rootfs": ["type": "layers", "diff_ids": .array(digests.map { .string("sha256:\($0)") })],
        ]).serialized()
        let file = "\(digest(configuration)).json"
        let manifest: JSONValue = [
            [
                "Config": .string(file), "RepoTags": [.string(name)],
                "Layers": .array(digests.map { .string("\($0)/layer.tar") }),
            ]
        ]
        var archive = TarArchive()
        archive.add("manifest.json", .file, manifest.serialized())
        archive.add(file, .file, configuration)
        for (digest, layer) in zip(digests, layers) { archive.add("\(digest)/layer.tar", .file, layer) }
        return archive.bytes
    }

    /// A layer with its digest: hashing megabytes takes tests, which are not optimised, long in the VM.
    struct Layer {
        let bytes: [UInt8]
        let digest: String

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            digest = TestImage.digest(bytes)
        }
    }

    /// The busybox root file system of the fixtures, as a layer, read and hashed once.
    static let busybox = Result { Layer(try TestEngine.bytes(TestEngine.fixture("busybox.tar"))) }

    static func digest(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    static var architecture: String {
        var name = utsname()
        uname(&name)
        let machine = withUnsafeBytes(of: name.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return machine == "aarch64" ? "arm64" : "amd64"
    }
}
