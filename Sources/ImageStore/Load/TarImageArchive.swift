internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// An image archive in one tar stream, which is read once from its start to its end.
///
/// What a file in it is stands elsewhere in the archive, perhaps at its end; so whatever looks like a layer is unpacked
/// at once, and whatever looks like JSON is kept.
final class TarImageArchive: ImageArchive {
    private enum Item {
        case file([UInt8])
        case layer(OfferedLayer)
        case unknown(BlobSummary)
        case link(String)
    }

    let name: String
    let stem: String?
    private let intake: LayerIntake
    private var items: [String: Item] = [:]
    private var metadataSize = 0

    /// Reads the whole archive.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    init(_ source: DescriptorSource, name: String, path: String?, intake: LayerIntake) throws {
        self.name = name
        self.intake = intake
        stem = path.flatMap(Self.stem)
        let reader = try ArchiveReader(
            source, format: .compressedTar, name: name, headerLimit: intake.limits.headerSize)
        var entries = 0
        while let entry = try reader.nextEntry() {
            entries += 1
            if entries > intake.limits.entries {
                throw ImageStoreError.limit(.entries, Int64(intake.limits.entries), object: name)
            }
            guard let path = entry.path else { continue }
            if strnlen(path, intake.limits.pathLength + 1) > intake.limits.pathLength {
                throw ImageStoreError.limit(.pathLength, Int64(intake.limits.pathLength), object: EntryPath.text(path))
            }
            let name = ArchiveName.normalized(String(cString: path))
            if let target = entry.hardLinkTarget {
                items[name] = .link(ArchiveName.normalized(String(cString: target)))
            } else if entry.kind == S_IFLNK, let target = entry.symbolicLinkTarget {
                let folder = name.split(separator: "/").dropLast()
                items[name] = .link(
                    ArchiveName.normalized(String(cString: target), relativeTo: Array(folder)))
            } else if entry.kind == S_IFREG {
                items[name] = try item(name, size: entry.size, reader)
            }
        }
    }

    private func item(_ name: String, size: Int64, _ reader: ArchiveReader) throws -> Item {
        if let digest = ArchiveName.digest(in: name), let layer = try intake.present(digest) { return .layer(layer) }
        var head: [UInt8] = []
        while head.count < ContentKind.headSize, let block = try reader.nextBlock() {
            head.append(contentsOf: block.bytes)
        }
        let kind = head.withUnsafeBytes { ContentKind($0) }
        switch kind {
        case .tar, .gzip, .zstd:
            return try .layer(
                head.withUnsafeBytes {
                    try intake.take(name: name, size: size, kind: kind, head: $0) { try reader.nextBlock()?.bytes }
                })
        case .json where size <= Int64(intake.limits.metadataSize):
            while let block = try reader.nextBlock() { head.append(contentsOf: block.bytes) }
            metadataSize += head.count
            if metadataSize > intake.limits.metadataSize {
                throw ImageStoreError.limit(.metadataSize, Int64(intake.limits.metadataSize), object: self.name)
            }
            return .file(head)
        case .json, .unknown, .otherCompression:
            var digest = StreamDigest()
            head.withUnsafeBytes { digest.update($0) }
            while let block = try reader.nextBlock() { digest.update(block.bytes) }
            return .unknown(try digest.finish())
        }
    }

    /// What stands under a name, through links.
    private func item(_ path: String) -> Item? {
        var item = items[ArchiveName.normalized(path)]
        var steps = 0
        while case .link(let target) = item, steps < 40 {
            item = items[target]
            steps += 1
        }
        return item
    }

    func file(_ path: String) throws -> [UInt8]? {
        if case .file(let bytes) = item(path) { bytes } else { nil }
    }

    func layer(_ path: String) throws -> OfferedLayer? {
        if case .layer(let layer) = item(path) { layer } else { nil }
    }

    func digest(ofUnknown path: String) -> BlobSummary? {
        switch item(path) {
        case .unknown(let summary): summary
        case .file(let bytes): try? StreamDigest.of(bytes)
        case .layer(let layer): layer.blob
        case .link, nil: nil
        }
    }
}
