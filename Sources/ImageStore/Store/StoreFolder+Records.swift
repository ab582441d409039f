internal import Glibc
internal import LinuxSystem
internal import OCISpec

extension StoreFolder {
    /// A record of the store; nil where there is none.
    ///
    /// - Throws: `ImageStoreError.store` when it cannot be understood, `SystemError`.
    func record<Record: JSONCodable>(_ name: String, as type: Record.Type = Record.self) throws -> Record? {
        guard let bytes = try read(name) else { return nil }
        do {
            return try Record(jsonBytes: bytes, limits: JSONLimits(bytes: 64 << 20))
        } catch {
            throw ImageStoreError.store(
                "\(path)/\(name)", reason: "\(error); remove the image by its id and load it again")
        }
    }

    /// The record of an unpacked layer; nil where there is none.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    func layer(_ diffID: Digest) throws -> LayerRecord? {
        try record("\(Self.path(ofLayer: diffID))/\(LayerRecord.file)")
    }

    /// The record of an image; nil where there is none.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    func image(_ id: Digest) throws -> ImageRecord? {
        try record(Self.path(ofImage: id))
    }

    /// Which reference names which image.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    func references() throws -> [String: Digest] {
        try record(Self.referencesFile) ?? [:]
    }

    /// The ids of all images, in their order.
    ///
    /// - Throws: `SystemError`.
    func imageIDs() throws(SystemError) -> [Digest] {
        try names(in: "images").compactMap { name in
            name.hasSuffix(".json") ? try? Digest("sha256:\(name.dropLast(5))") : nil
        }.sorted()
    }

    /// The records of all images.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    func images() throws -> [ImageRecord] {
        try imageIDs().compactMap { try image($0) }
    }

    /// The paths of all layers and blobs that an image refers to, or a repository of the own registry.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    func referencedPaths() throws -> Set<String> {
        try images().reduce(into: pathsOfRepositories()) { $0.formUnion($1.paths) }
    }

    /// Keeps an unpacked layer from being removed for as long as the descriptor is open; nil when it is not there.
    ///
    /// - Throws: `SystemError`.
    func pin(layer diffID: Digest) throws(SystemError) -> FileDescriptor? {
        try pin(Self.path(ofLayer: diffID), O_DIRECTORY)
    }

    /// Keeps content from being removed for as long as the descriptor is open; nil when it is not there.
    ///
    /// - Throws: `SystemError`.
    func pin(blob digest: Digest) throws(SystemError) -> FileDescriptor? { try pin(Self.path(ofBlob: digest), 0) }

    /// Whether somebody keeps content by ``pin(blob:)``.
    ///
    /// - Throws: `SystemError`.
    func isPinned(blob path: String) throws(SystemError) -> Bool {
        do {
            let file = try descriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            return flock(file.rawValue, LOCK_EX | LOCK_NB) != 0
        } catch  where [.noSuchFile, Errno(ELOOP), Errno(ENXIO)].contains(error.errno) {
            // Not there, or no file.
            return false
        }
    }

    private func pin(_ path: String, _ flags: Int32) throws(SystemError) -> FileDescriptor? {
        while true {
            let file: FileDescriptor
            do {
                file = try descriptor.open(path, O_RDONLY | O_NOFOLLOW | flags)
            } catch  where error.errno == .noSuchFile {
                return nil
            }
            let number = file.rawValue
            try retrying("lock", "\(self.path)/\(path)") { flock(number, LOCK_SH) }
            // It may have been removed between the two calls, or a repair has put another in its place.
            if isStill(file, path) { return file }
        }
    }

    /// Whether what was opened has its name yet: another process may have removed it, or put something else there.
    func isStill(_ file: borrowing FileDescriptor, _ path: String) -> Bool {
        var (own, named) = (stat(), stat())
        return fstat(file.rawValue, &own) == 0
            && fstatat(descriptor.rawValue, path, &named, AT_SYMLINK_NOFOLLOW) == 0 && own.st_ino == named.st_ino
    }
}
