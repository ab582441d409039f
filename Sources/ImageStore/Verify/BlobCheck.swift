internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// What hashing a blob has shown.
enum BlobCheck: Sendable, Hashable {
    case whole(Int64)
    /// It is not what its name says, or cannot be read.
    case damaged(String)
    /// Somebody has removed it meanwhile.
    case vanished
}

extension StoreFolder {
    /// How often a blob is hashed again that was replaced meanwhile.
    private static let attempts = 5

    /// Hashes a blob.
    ///
    /// No lock is held: what stands under its name never changes, and is removed or replaced as a whole.
    func check(blob digest: Digest) -> BlobCheck {
        let path = Self.path(ofBlob: digest)
        var result = BlobCheck.vanished
        for _ in 0..<Self.attempts {
            let file: FileDescriptor
            do throws(SystemError) {
                file = try descriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            } catch {
                return error.errno == .noSuchFile ? .vanished : .damaged("it cannot be opened: \(error.errno)")
            }
            result = Self.hash(file, digest, path)
            if isStill(file, path) { return result }
        }
        return exists(path) ? result : .vanished
    }

    static func hash(_ file: borrowing FileDescriptor, _ digest: Digest, _ path: String) -> BlobCheck {
        do {
            let status = try file.status()
            guard status.st_mode & S_IFMT == S_IFREG else { return .damaged("it is no file") }
            var hash = StreamDigest()
            try file.forEachChunk(upTo: Int64(status.st_size), of: path) { hash.update($0) }
            let found = try hash.finish()
            return found.digest == digest
                ? .whole(found.size) : .damaged("its \(found.size) bytes have digest \(found.digest)")
        } catch let error as SystemError {
            return .damaged("it cannot be read: \(error.errno)")
        } catch {
            return .damaged("\(error)")
        }
    }

    /// Opens the folder that a layer's files lie in; for one that is an image that is its mount, which ends with the descriptor.
    ///
    /// - Throws: `SystemError`.
    static func files(ofLayer layer: borrowing FileDescriptor, _ path: String) throws(SystemError) -> FileDescriptor {
        let image: FileDescriptor
        do {
            image = try layer.open(ErofsImage.file, O_RDONLY | O_NOFOLLOW)
        } catch  where error.errno == .noSuchFile {
            return try layer.open("diff", O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        }
        let mount = try ErofsImage.mount(image, name: "\(path)/\(ErofsImage.file)")
        return try mount.open(".", O_RDONLY | O_DIRECTORY)
    }

    /// Compares an unpacked layer with its blob.
    ///
    /// - Returns: nil where they are the same, or one of them is gone.
    func difference(ofLayer diffID: Digest, _ record: LayerRecord, blob: Digest) -> String? {
        let path = Self.path(ofLayer: diffID)
        guard let layer = try? descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
            let file = try? open(blob: blob)
        else { return nil }
        do {
            let root = try Self.files(ofLayer: layer, path)
            var comparison = LayerComparison(root: root.rawValue, hidesLowerLayers: record.hidesLowerLayers)
            let difference = try comparison.firstDifference(from: file, name: "layer \(blob)")
            // What is removed is renamed before anything in it goes.
            return difference.flatMap { isStill(layer, path) ? "its file \($0)" : nil }
        } catch {
            return isStill(layer, path) ? "it cannot be compared: \(error)" : nil
        }
    }
}
