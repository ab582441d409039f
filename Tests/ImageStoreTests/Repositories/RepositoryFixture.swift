import Glibc
import ImageStore
import LinuxSystem
import OCISpec
import Testing

/// Repositories of a store of its own, with small images in them.
struct RepositoryFixture {
    let folder: TemporaryFolder
    let root: String
    let store: RepositoryStore
    let name: RepositoryName

    init(inUse: Set<Digest> = []) throws {
        folder = try TemporaryFolder()
        root = "\(folder.path)/root"
        store = RepositoryStore(try ImageStore(root: root)) { inUse }
        name = try RepositoryName("team/web")
    }

    @discardableResult
    func push(blob: [UInt8], to repository: RepositoryName? = nil) throws -> Digest {
        let upload = try store.beginUpload(to: repository ?? name)
        try blob.withUnsafeBytes { try upload.append($0) }
        let digest = try Digest(of: blob)
        try upload.finish(as: digest)
        return digest
    }

    static func manifest(_ content: String, subject: Digest? = nil) throws -> [UInt8] {
        var manifest = ImageManifest(
            mediaType: .imageManifest,
            config: Descriptor(mediaType: .emptyJSON, digest: try Digest(of: Array("{}".utf8)), size: 2),
            layers: [
                Descriptor(
                    mediaType: .layer, digest: try Digest(of: Array(content.utf8)), size: Int64(content.utf8.count))
            ])
        manifest.subject = subject.map { Descriptor(mediaType: .imageManifest, digest: $0, size: 1) }
        return manifest.jsonBytes()
    }

    /// Pushes an image of one layer; without tags by its digest.
    @discardableResult
    func push(_ content: String, _ tags: String..., to repository: RepositoryName? = nil) throws -> Digest {
        let repository = repository ?? name
        try push(blob: Array("{}".utf8), to: repository)
        try push(blob: Array(content.utf8), to: repository)
        let bytes = try Self.manifest(content)
        let digest = try Digest(of: bytes)
        let names: [ManifestName] = tags.isEmpty ? [.digest(digest)] : tags.map { .tag($0) }
        for name in names {
            _ = try store.put(bytes, mediaType: .imageManifest, as: name, in: repository, keepsTags: false)
        }
        return digest
    }

    @discardableResult
    func push(index children: [Digest], _ tag: String) throws -> Digest {
        let index = ImageIndex(
            mediaType: .imageIndex,
            manifests: children.map { Descriptor(mediaType: .imageManifest, digest: $0, size: 1) })
        return try store.put(index.jsonBytes(), mediaType: .imageIndex, as: .tag(tag), in: name, keepsTags: false)
            .digest
    }

    /// Puts the push, or another instant of a manifest's record, so many days back.
    func age(_ digest: Digest, days: Int, _ member: String = "pushed") throws {
        let path = self.path("_manifests/\(digest.hex)")
        let text = try #require(try StoredFile.readText(path))
        var object = try JSONValue(parsing: Array(text.utf8)).object()
        let time = try #require(Timestamp(seconds: WallClock.now().seconds - Int64(days) * 86_400))
        object[member] = time.json
        try StoredFile.write(path, String(decoding: JSONValue.object(object).serialized(), as: UTF8.self), mode: 0o600)
    }

    /// Makes a file of the repository as old as the pyramids.
    func makeStale(_ file: String) throws {
        var times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
        try #require(utimensat(AT_FDCWD, path(file), &times, 0) == 0)
    }

    func path(_ file: String) -> String { "\(root)/registry/\(name)/\(file)" }

    func has(_ file: String) -> Bool { access(path(file), F_OK) == 0 }

    func hasBlob(_ digest: Digest) -> Bool { access("\(root)/blobs/sha256/\(digest.hex)", F_OK) == 0 }

    func image(_ digest: Digest) throws -> RepositoryImage? {
        try store.images(of: name).first { $0.digest == digest }
    }

    /// A policy of one rule; `selection` without the count's unit for counts.
    static func policy(
        _ tags: String, _ count: String, _ number: Int, action: String = "\"type\": \"expire\""
    ) throws -> LifecyclePolicy {
        let unit = count == "imageCountMoreThan" ? "" : "\"countUnit\": \"days\", "
        let rule = """
            {"rulePriority": 7, "selection": {\(tags), "countType": "\(count)", \(unit)"countNumber": \(number)},
             "action": {\(action)}}
            """
        return try LifecyclePolicy(text: "{\"rules\": [\(rule)]}")
    }

    static let any = "\"tagStatus\": \"any\""
    static let untagged = "\"tagStatus\": \"untagged\""
    static let archive = "\"type\": \"transition\", \"targetStorageClass\": \"archive\""
}
