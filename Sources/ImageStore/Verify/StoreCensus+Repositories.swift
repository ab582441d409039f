internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// The repositories of the own registry: marks, manifests, tags, and what else is said of them.
extension StoreCensus {
    mutating func examineRepositories() throws {
        for repository in try folder.repositories() {
            repositories += 1
            try examine(repository)
        }
    }

    private mutating func examine(_ repository: RepositoryName) throws {
        let path = StoreFolder.path(of: repository)
        let user = "repository \(repository)"
        for list in ["_blobs", "_manifests"] {
            for name in try folder.namesIfPresent(in: "\(path)/\(list)") {
                guard let digest = Self.digest(name) else {
                    note(.stray("\(path)/\(list)/\(name)"), "it is nothing of the store's")
                    continue
                }
                need(.blob(digest), by: user)
                if list == "_manifests" { examine(digest, in: repository, user) }
            }
        }
        for tag in try folder.namesIfPresent(in: "\(path)/_tags") {
            let file = StoreFolder.path(ofTag: tag, in: repository)
            guard let bytes = try folder.read(file) else { continue }
            guard let digest = try? Digest(String(decoding: bytes, as: UTF8.self).filter({ $0 != "\n" })) else {
                note(.repository(file), "the tag stands for no digest", by: user)
                continue
            }
            if !folder.exists(StoreFolder.path(ofManifest: digest, in: repository)) {
                note(.repository(file), "the tag stands for manifest \(digest), which is not there", by: user)
            }
        }
        try examineRecords(of: path, user)
    }

    private mutating func examine(_ manifest: Digest, in repository: RepositoryName, _ user: String) {
        let path = StoreFolder.path(ofManifest: manifest, in: repository)
        do {
            guard let record: JSONValue = try folder.record(path) else { return }
            _ = try record.object().required("mediaType", as: MediaType.self)
        } catch {
            note(.repository(path), Self.reason(error), by: user)
        }
        // A manifest that is damaged itself is found by its digest.
        guard let bytes = try? folder.read(StoreFolder.path(ofBlob: manifest)),
            (try? StreamDigest.of(bytes).digest) == manifest,
            let content = try? ManifestContent(bytes, mediaType: nil)
        else { return }
        for part in content.parts {
            let isHere = [
                StoreFolder.path(ofBlob: part.digest, in: repository),
                StoreFolder.path(ofManifest: part.digest, in: repository),
            ].contains(where: folder.exists)
            if !isHere {
                note(.repository(path), "it names \(part.digest), which the repository does not have", by: user)
            }
        }
    }

    /// Everything else that is said of a repository is JSON.
    private mutating func examineRecords(of path: String, _ user: String) throws {
        for name in try folder.namesIfPresent(in: path) where name.hasPrefix("_") && !isFolder("\(path)/\(name)") {
            do {
                let _: JSONValue? = try folder.record("\(path)/\(name)")
            } catch {
                note(.repository("\(path)/\(name)"), Self.reason(error), by: user)
            }
        }
    }
}
