public import OCISpec

/// Why a repository of one's own registry does not have something, or does not take it.
public enum RepositoryError: Error, Sendable, Hashable {
    /// The registry has no such repository.
    case noRepository(RepositoryName)
    /// The repository does not have a blob.
    case noBlob(Digest)
    /// The repository does not have a manifest.
    case noManifest(ManifestName)
    /// There is no such upload: it has ended, or never began.
    case noUpload(String)
    /// Another request writes to the upload.
    case uploadBusy(String)
    /// The content has another digest than its name says.
    case digestMismatch(expected: Digest, actual: Digest)
    /// A digest of a kind that is not kept.
    case unsupportedDigest(Digest)
    /// A manifest that cannot be taken.
    case manifest(reason: String)
    /// A manifest names something that the repository does not have.
    case missingPart(Digest)
    /// The tag stands for another manifest, and the repository's tags do not change.
    case tagExists(String, Digest)
    /// A manifest of the repository needs the blob.
    case blobInUse(Digest, by: Digest)
    /// The manifest is archived.
    case archived(ManifestName)
    /// The repository is there already.
    case repositoryExists(RepositoryName)
    /// The repository has images.
    case notEmpty(RepositoryName, images: Int)
    /// The repository has no lifecycle policy.
    case noLifecyclePolicy(RepositoryName)
}

extension RepositoryError: CustomStringConvertible {
    /// One line: what failed, on what, why.
    public var description: String {
        switch self {
        case .noRepository(let name): "the registry has no repository \(name)"
        case .noBlob(let digest): "the repository does not have blob \(digest)"
        case .noManifest(let name): "the repository does not have manifest \(name)"
        case .noUpload(let id): "there is no upload \(id); begin a new one"
        case .uploadBusy(let id): "another request writes to upload \(id); wait for its end"
        case .digestMismatch(let expected, let actual): "the content has digest \(actual), not \(expected)"
        case .unsupportedDigest(let digest): "digest \(digest) is not of a kind that is kept here; use sha256"
        case .manifest(let reason): "the manifest cannot be taken: \(reason)"
        case .missingPart(let digest): "the manifest names \(digest), which the repository does not have; push it first"
        case .tagExists(let tag, let digest):
            "tag \(tag) stands for \(digest) already, and tags of this repository are immutable; use another tag"
        case .blobInUse(let digest, let manifest): "blob \(digest) is needed by manifest \(manifest); delete that first"
        case .archived(let name): "manifest \(name) is archived and cannot be pulled; push it again to bring it back"
        case .repositoryExists(let name): "the registry has repository \(name) already"
        case .notEmpty(let name, let images):
            "repository \(name) has \(images) image\(images == 1 ? "" : "s"); delete them first, or force it"
        case .noLifecyclePolicy(let name): "repository \(name) has no lifecycle policy"
        }
    }
}
