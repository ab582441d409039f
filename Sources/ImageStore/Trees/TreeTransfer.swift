internal import Glibc
internal import LinuxSystem

/// What a transfer of files did.
public struct TransferReport: Sendable, Hashable {
    /// Bytes of the archive that the files went through.
    public var bytes: Int64 = 0
    /// What was not copied, with the reason, one line each.
    public var leftOut: [String] = []
}

/// A file or folder that is to be copied.
public struct TransferSource: Sendable, Hashable {
    /// An O_PATH descriptor of it, which must stay open.
    public var file: Int32
    /// Its name at its destination, as bytes; empty: only what is in the folder.
    public var name: [UInt8]
    /// What the ids of its files stand for.
    public var ids: IDShift

    /// Describes a source.
    public init(file: Int32, name: [UInt8], ids: IDShift = .none) {
        self.file = file
        self.name = name
        self.ids = ids
    }
}

/// A folder that files are copied into.
public struct TransferDestination: Sendable, Hashable {
    /// A descriptor of it, which must stay open.
    public var folder: Int32
    /// Who owns what is made.
    public var rules: ExtractionRules

    /// Describes a destination.
    public init(folder: Int32, rules: ExtractionRules) {
        self.folder = folder
        self.rules = rules
    }
}

/// Copying trees of files through tar archives, within a few chunks of memory however large they are.
public enum TreeTransfer {
    /// Which half of a copy the calling thread does.
    public enum Half: Sendable {
        case reading, writing
    }

    /// Runs `body` on a thread of its own and waits for its end: it may change the thread's credentials and namespaces.
    ///
    /// - Throws: what `body` throws; `SystemError` when there is no thread.
    public static func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        try Worker(body).join()
    }

    /// Writes a tar archive of a file or a folder with all below it.
    ///
    /// - Parameter write: takes the archive's bytes.
    /// - Throws: `SystemError`, and what `write` throws.
    public static func archive(
        _ source: TransferSource, to write: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> TransferReport {
        try archive(source, for: .copy, to: write)
    }

    private static func archive(
        _ source: TransferSource, for purpose: TreeArchiver.Purpose,
        to write: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> TransferReport {
        try withoutActuallyEscaping(write) { write in
            var archiver = TreeArchiver(purpose, ids: source.ids, write: write)
            try archiver.add(source.file, as: source.name)
            try archiver.finish()
            return TransferReport(bytes: archiver.count, leftOut: archiver.leftOut)
        }
    }

    /// Writes such an archive to an open file, which stays open and may be non-blocking.
    ///
    /// - Throws: `SystemError`.
    public static func archive(_ source: TransferSource, to output: Int32) throws -> TransferReport {
        try archive(source, for: .copy) { try write($0, to: output) }
    }

    /// Writes a tar archive of what is in the root folder of a file system, devices included, to an open file, which stays open
    /// and may be non-blocking.
    ///
    /// - Throws: `SystemError`.
    public static func archiveRoot(_ source: TransferSource, to output: Int32) throws -> TransferReport {
        try archive(source, for: .root) { try write($0, to: output) }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to output: Int32) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(output, rest.baseAddress, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                continue
            }
            let errno = Errno.current
            guard errno == .tryAgain || errno == .interrupted else {
                throw SystemError("write", "the archive", errno)
            }
            var waiting = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
            _ = poll(&waiting, 1, -1)
        }
    }

    /// Makes the files of a tar archive (plain, or inside gzip or zstd) that is read from an open file.
    ///
    /// - Parameters:
    ///   - stream: the archive. It stays open.
    ///   - name: what errors call it.
    /// - Throws: `SystemError`, `ImageStoreError`.
    public static func extract(
        _ stream: Int32, name: String, into destination: TransferDestination
    ) throws -> TransferReport {
        let copy = try retrying("read", name) { fcntl(stream, F_DUPFD_CLOEXEC, 3) }
        let source = try DescriptorSource(FileDescriptor(owning: copy))
        let reader = try ArchiveReader(source, format: .compressedTar, name: name, headerLimit: headerLimit)
        var extractor = TreeExtractor(root: destination.folder, rules: destination.rules)
        try extractor.extract(reader)
        // Whoever writes the archive is not to fail for its padding.
        while try source.next() != nil {}
        return TransferReport(bytes: source.position, leftOut: extractor.leftOut)
    }

    /// Copies a file, or a folder with all below it.
    ///
    /// - Parameters:
    ///   - here: the half that the calling thread does; the other one has a thread of its own.
    ///   - maker: whom that thread works as.
    /// - Throws: `SystemError`, `ImageStoreError`. What was copied until then stays.
    public static func copy(
        _ source: TransferSource, into destination: TransferDestination, here: Half, elsewhereAs maker: FileMaker
    ) throws -> TransferReport {
        let ring = ChunkRing(consumers: 1)
        let read: @Sendable () throws -> TransferReport = { try produce(source, ring) }
        let write: @Sendable () throws -> TransferReport = { try consume(ring, into: destination) }
        let (own, other) = here == .reading ? (read, write) : (write, read)
        let worker = try Worker {
            do {
                try maker.become()
                return try other()
            } catch {
                // Otherwise this thread would wait for what never comes.
                if !(error is ChunkRing.Cancelled) { ring.cancel() }
                throw error
            }
        }
        let results = [Result { try own() }, Result { try worker.join() }]
        // A half that ends because the other failed says so; the other's error is the one that explains.
        for case .failure(let error) in results where !(error is ChunkRing.Cancelled) { throw error }
        return try results.reduce(into: TransferReport()) { report, result in
            let half = try result.get()
            report.bytes = max(report.bytes, half.bytes)
            report.leftOut += half.leftOut
        }
    }

    /// An entry's long name and attributes have to fit.
    private static let headerLimit = 4 << 20

    private static func produce(_ source: TransferSource, _ ring: ChunkRing) throws -> TransferReport {
        do {
            var writer = ChunkWriter(ring)
            let report = try archive(source) { bytes in
                try writer.write(bytes)
                if !writer.hasReaders { throw ChunkRing.Cancelled() }
            }
            writer.finish()
            return report
        } catch {
            ring.cancel()
            throw error
        }
    }

    private static func consume(_ ring: ChunkRing, into destination: TransferDestination) throws -> TransferReport {
        defer { ring.leave(consumer: 0) }
        let source = RingSource(ring, consumer: 0)
        let reader = try ArchiveReader(source, format: .tar, name: "the copy", headerLimit: headerLimit)
        var extractor = TreeExtractor(root: destination.folder, rules: destination.rules)
        try extractor.extract(reader)
        while try source.next() != nil {}
        return TransferReport(leftOut: extractor.leftOut)
    }
}
