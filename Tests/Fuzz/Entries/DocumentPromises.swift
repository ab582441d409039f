@testable import ImageStore
import OCISpec

/// What the readers of JSON documents promise.
enum DocumentPromises {
    static func json(_ bytes: [UInt8]) throws(FuzzFinding) {
        guard let value = try? JSONValue(parsing: bytes) else { return }
        let written = value.serialized()
        guard let again = try? JSONValue(parsing: written) else {
            throw FuzzFinding("what was written cannot be read: \(String(decoding: written, as: UTF8.self))")
        }
        try demand(again == value, "it reads as something else: \(String(decoding: written, as: UTF8.self))")
    }

    static func manifest(_ bytes: [UInt8]) throws(FuzzFinding) {
        try same(ImageManifest.self, bytes)
        try same(ImageIndex.self, bytes)
        try same([DockerArchiveEntry].self, bytes)
        for type in [nil, MediaType.imageManifest, MediaType.imageIndex] {
            guard let content = try? ManifestContent(bytes, mediaType: type) else { continue }
            try demand(
                content.mediaType.isManifest || content.mediaType.isIndex, "a manifest of type \(content.mediaType)")
        }
        guard let index = try? ImageIndex(jsonBytes: bytes) else { return }
        let chosen = index.manifests(for: Platform(os: "linux", architecture: "amd64"))
        try demand(chosen.allSatisfy(index.manifests.contains), "a manifest was chosen that the index does not have")
    }

    static func configuration(_ bytes: [UInt8]) throws(FuzzFinding) {
        try same(ImageConfiguration.self, bytes)
    }

    static func settings(_ bytes: [UInt8]) throws(FuzzFinding) {
        _ = try? RegistriesFile(bytes: bytes)
        if let configuration = try? DockerConfiguration(bytes: bytes) {
            for name in ["docker.io", "localhost:5000", "123456789012.dkr.ecr.us-east-1.amazonaws.com"] {
                let host = RegistryHost(name)
                _ = configuration.login(for: host)
                _ = configuration.helper(for: host)
            }
        }
        _ = RegistryFault.first(in: bytes)
        guard let configuration = try? RegistryConfiguration(bytes: bytes), configuration.passwords != nil,
            let name = try? RepositoryName("some/where")
        else { return }
        // Whoever nobody knows changes nothing, whatever a file says.
        try demand(!configuration.permits(.push, to: name, for: nil), "somebody without a password may push")
    }

    /// Reads, writes and reads again.
    private static func same<Document: JSONCodable & Equatable>(
        _ type: Document.Type, _ bytes: [UInt8]
    ) throws(FuzzFinding) {
        guard let document = try? Document(jsonBytes: bytes) else { return }
        let written = document.jsonBytes()
        guard let again = try? Document(jsonBytes: written) else {
            throw FuzzFinding("\(type): what was written cannot be read: \(String(decoding: written, as: UTF8.self))")
        }
        try demand(
            again == document, "\(type): it reads as something else: \(String(decoding: written, as: UTF8.self))")
    }
}
