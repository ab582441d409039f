internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

extension ImageStore {
    /// Writes images into one archive: that of `docker save` since Docker 25, which is an OCI layout, too.
    ///
    /// Blobs go in as they came, each once and under its digest, which is verified on the way. So an image that is loaded from the
    /// archive is the same one. The same images give the same bytes.
    ///
    /// - Parameters:
    ///   - names: names, ids, or the beginnings of ids; a name without a tag stands for all tags of the repository.
    ///   - write: takes the archive's bytes.
    /// - Throws: `ImageStoreError.noImage`, `.ambiguous`, `.store` for what is missing or damaged, `SystemError`, and what
    ///   `write` throws.
    public func save(_ names: [String], to write: (UnsafeRawBufferPointer) throws -> Void) throws {
        let images = try ImageSelection(names, self).images
        // Nothing of them is removed meanwhile.
        let holds = try images.map { try hold(image(named: $0.record.id.description)) }
        defer { withExtendedLifetime(holds) {} }
        try withoutActuallyEscaping(write) { write in
            var archive = SavedArchive(folder, write)
            for (record, references) in images { try archive.add(record, references) }
            try archive.finish()
        }
    }
}

/// The images that names stand for, each once, with the names that they are saved under.
private struct ImageSelection {
    private(set) var images: [(record: ImageRecord, references: [ImageReference])] = []

    init(_ names: [String], _ store: ImageStore) throws {
        let references = try store.folder.references()
        for name in names {
            let tags = Self.tags(of: name, references)
            for reference in tags { add(try store.find(reference.description, references).0, reference) }
            if tags.isEmpty {
                let (record, reference) = try store.find(name, references)
                add(record, reference)
            }
        }
    }

    /// All references of a repository that is named without a tag.
    private static func tags(of name: String, _ references: [String: Digest]) -> [ImageReference] {
        let last = name.split(separator: "/").last ?? ""
        guard !last.contains(":"), !last.contains("@"), let repository = try? ImageReference(name).name else {
            return []
        }
        return references.keys.sorted().compactMap { try? ImageReference($0) }.filter { $0.name == repository }
    }

    private mutating func add(_ record: ImageRecord, _ reference: ImageReference?) {
        guard let index = images.firstIndex(where: { $0.record.id == record.id }) else {
            images.append((record, reference.map { [$0] } ?? []))
            return
        }
        if let reference, !images[index].references.contains(reference) { images[index].references.append(reference) }
    }
}
