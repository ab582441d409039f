internal import OCISpec

/// Finds the images of a `docker save` archive, in its old and its new form.
struct DockerArchiveResolver {
    let archive: any ImageArchive

    /// Every image of the archive; nil when it is no such archive.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    func images() throws -> [ResolvedImage]? {
        guard let bytes = try archive.file(DockerArchiveEntry.manifestFile) else { return nil }
        let entries = try [DockerArchiveEntry](metadata: bytes, name: DockerArchiveEntry.manifestFile)
        return try entries.map(image)
    }

    private func image(_ entry: DockerArchiveEntry) throws -> ResolvedImage {
        guard let configuration = try archive.file(entry.config) else {
            if let actual = archive.digest(ofUnknown: entry.config)?.digest,
                let expected = ArchiveName.digest(in: entry.config), actual != expected
            {
                throw ImageStoreError.digestMismatch(
                    object: "configuration \(entry.config)", expected: expected, actual: actual)
            }
            throw ImageStoreError.missing(entry.config, from: DockerArchiveEntry.manifestFile)
        }
        let id = try StreamDigest.of(configuration).digest
        if let expected = ArchiveName.digest(in: entry.config), expected != id {
            throw ImageStoreError.digestMismatch(
                object: "configuration \(entry.config)", expected: expected, actual: id)
        }
        let references = try entry.repoTags.map { tag in
            do throws(InvalidImageReference) {
                return try ImageReference(tag)
            } catch {
                throw ImageStoreError.metadata(DockerArchiveEntry.manifestFile, reason: error.description)
            }
        }
        let layers = try entry.layers.map { path in
            guard let layer = try archive.layer(path) else { throw fault(ofLayer: path) }
            // The new form names blobs by their digest.
            if path.hasPrefix("blobs/"), let expected = ArchiveName.digest(in: path), layer.blob.digest != expected {
                throw ImageStoreError.digestMismatch(
                    object: "layer \(path)", expected: expected, actual: layer.blob.digest)
            }
            return (path, layer)
        }
        return try ResolvedImage(configuration: configuration, id: id, layers: layers, references: references)
    }

    private func fault(ofLayer path: String) -> ImageStoreError {
        guard let actual = archive.digest(ofUnknown: path)?.digest else {
            return .missing(path, from: DockerArchiveEntry.manifestFile)
        }
        if let expected = ArchiveName.digest(in: path), expected != actual {
            return .digestMismatch(object: "layer \(path)", expected: expected, actual: actual)
        }
        return .archive("layer \(path)", reason: "it is no tar archive (plain, gzip or zstd)")
    }
}
