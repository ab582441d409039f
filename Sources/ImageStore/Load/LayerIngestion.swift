internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// A layer in a staging folder: its blob, and what it unpacked to, if it did.
struct StagedLayer: Sendable {
    /// Digest and size of the layer as it came.
    var blob: BlobSummary
    /// The blob's name in the staging folder.
    var blobName: String
    /// The unpacked layer's name in the staging folder; holds `diff`.
    var folderName: String
    /// What is to be recorded of it, or why it could not be unpacked.
    ///
    /// Nobody need care about the latter as long as no image refers to the layer.
    var record: Result<LayerRecord, any Error>
}

/// Where the blob of a layer goes.
struct BlobTarget: Sendable {
    /// The name as the staging folder's descriptor opens it.
    var name: String
    /// The open file, at its end; whoever gets this value owns it.
    var number: Int32
    /// How many of the layer's first bytes the file holds already.
    var existing: Int64

    init(name: String, number: Int32, existing: Int64) {
        self.name = name
        self.number = number
        self.existing = existing
    }

    /// A new file.
    ///
    /// - Throws: `SystemError`.
    init(in staging: StagingFolder) throws(SystemError) {
        name = staging.newName("blob")
        number = try staging.descriptor.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW).release()
        existing = 0
    }
}

/// Takes a layer in while it is being read: one thread writes and hashes the blob, one decompresses and hashes where
/// that is needed, one unpacks.
///
/// The caller's thread reads, and copies into the ring that the others share.
///
/// So a layer is read once, whatever its size, and memory stays within the chunks of the rings.
final class LayerIngestion {
    private let staging: StagingFolder
    private let blobName: String
    private let folderName: String
    private let place: LayerPlace
    private let kind: ContentKind
    private let raw: ChunkRing
    private var writer: ChunkWriter
    private let blobWorker: Worker<BlobSummary>
    private let unpackWorker: Worker<UnpackedStream>
    private let decompressWorker: Worker<BlobSummary>?
    private var isOver = false

    /// What came out of the unpacking thread.
    private struct UnpackedStream: Sendable {
        var layer: UnpackedLayer
        var archiveSize: Int64
    }

    /// Starts taking in a layer.
    ///
    /// - Parameters:
    ///   - kind: how the layer is compressed; `tar`, `gzip` or `zstd`.
    ///   - name: what errors call the layer.
    ///   - size: bytes of the layer as it comes, as far as they are known: a large one may become an image (``ErofsImage``).
    ///   - target: the blob's file; nil: a new one in the staging folder.
    /// - Throws: `SystemError`.
    init(
        _ staging: StagingFolder, kind: ContentKind, name: String, size: Int64?, limits: UnpackLimits,
        target: BlobTarget? = nil
    ) throws {
        self.staging = staging
        self.kind = kind
        let target = try target ?? BlobTarget(in: staging)
        let blobFile = FileDescriptor(owning: target.number)
        blobName = target.name
        folderName = staging.newName("layer")
        let raw = ChunkRing(consumers: 2)
        self.raw = raw
        writer = ChunkWriter(raw)

        let place = try LayerPlace(folderName, in: staging, size: size)
        self.place = place

        let (blobNumber, existing) = (blobFile.release(), target.existing)
        let blobWorker = try Worker {
            var blob = BlobWriter(FileDescriptor(owning: blobNumber), name: name, existing: existing)
            do {
                return try blob.write(RingSource(raw, consumer: 0))
            } catch {
                raw.cancel()
                throw error
            }
        }
        self.blobWorker = blobWorker
        let plain = kind == .tar ? raw : ChunkRing(consumers: 1)
        do {
            decompressWorker = try kind == .tar ? nil : Self.startDecompressing(raw, plain, name: name, limits: limits)
            let consumer = kind == .tar ? 1 : 0
            unpackWorker = try Worker {
                defer { plain.leave(consumer: consumer) }
                return try Self.unpack(
                    RingSource(plain, consumer: consumer), to: place, name: name, limits: limits)
            }
        } catch {
            // The threads that did start end by themselves.
            raw.cancel()
            plain.cancel()
            throw error
        }
    }

    private static func startDecompressing(
        _ raw: ChunkRing, _ plain: ChunkRing, name: String, limits: UnpackLimits
    ) throws -> Worker<BlobSummary> {
        try Worker {
            defer { raw.leave(consumer: 1) }
            do {
                return try decompress(raw, into: plain, name: name, limits: limits)
            } catch {
                plain.cancel()
                throw error
            }
        }
    }

    deinit { abandon() }

    /// Takes the next bytes of the layer as it came.
    ///
    /// - Throws: `SystemError` when the blob cannot be written.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        do {
            try writer.write(bytes)
        } catch {
            _ = try finish()
        }
    }

    /// Waits until everything is hashed, written and unpacked.
    ///
    /// - Throws: `SystemError` when the blob cannot be written.
    func finish() throws -> StagedLayer {
        writer.finish()
        isOver = true
        let decompressed = decompressWorker.map { worker in Result { try worker.join() } }
        let unpacked = Result { try unpackWorker.join() }
        let blob = try blobWorker.join()
        let record = Result {
            // A thread that ends because another failed says so; the other's error is the one that explains.
            if case .failure(let error) = decompressed, !(error is ChunkRing.Cancelled) { throw error }
            let unpacked = try unpacked.get()
            let archive = try decompressed?.get() ?? blob
            try place.identify(as: archive.digest)
            return LayerRecord(
                diffID: archive.digest, archiveSize: unpacked.archiveSize, blob: blob.digest, blobSize: blob.size,
                mediaType: kind == .tar ? .layer : kind == .gzip ? .layerGzip : .layerZstd,
                entries: unpacked.layer.entries, size: unpacked.layer.bytes,
                hidesLowerLayers: unpacked.layer.hidesLowerLayers)
        }
        return StagedLayer(blob: blob, blobName: blobName, folderName: folderName, record: record)
    }

    /// Ends all threads without a result.
    ///
    /// What they wrote goes with the staging folder.
    func abandon() {
        guard !isOver else { return }
        isOver = true
        raw.cancel()
        _ = try? decompressWorker?.join()
        _ = try? unpackWorker.join()
        _ = try? blobWorker.join()
    }

    private static func decompress(
        _ raw: ChunkRing, into target: ChunkRing, name: String, limits: UnpackLimits
    ) throws -> BlobSummary {
        let source = CountingSource(RingSource(raw, consumer: 1), limit: .max, object: name)
        let reader = try ArchiveReader(source, format: .compressed, name: name, headerLimit: .max)
        var digest = StreamDigest()
        var writer = ChunkWriter(target)
        if try reader.nextEntry() != nil {
            while let block = try reader.nextBlock() {
                digest.update(block.bytes)
                if digest.size > 1 << 30, digest.size / limits.compressionRatio > source.count {
                    throw ImageStoreError.limit(.compressionRatio, limits.compressionRatio, object: name)
                }
                try writer.write(block.bytes)
                // The unpacking thread has failed, so nobody needs the rest.
                if !writer.hasReaders { throw ChunkRing.Cancelled() }
            }
        }
        writer.finish()
        return try digest.finish()
    }

    private static func unpack(
        _ source: RingSource, to place: LayerPlace, name: String, limits: UnpackLimits
    ) throws -> UnpackedStream {
        try FileCalls.makeUmaskPrivate()
        let source = CountingSource(source, limit: limits.unpackedSize, object: name)
        let reader = try ArchiveReader(source, format: .tar, name: name, headerLimit: limits.headerSize)
        let layer = try place.unpack(reader, limits)
        // What follows the archive's end belongs to the blob, and so to the digest.
        while try source.next() != nil {}
        return UnpackedStream(layer: layer, archiveSize: source.count)
    }
}

/// A source that counts, up to the limit of a layer's size.
private final class CountingSource: ByteSource {
    private let source: any ByteSource
    private let limit: Int64
    private let object: String
    private(set) var count: Int64 = 0

    init(_ source: any ByteSource, limit: Int64, object: String) {
        self.source = source
        self.limit = limit
        self.object = object
    }

    func next() throws -> UnsafeRawBufferPointer? {
        let run = try source.next()
        count += Int64(run?.count ?? 0)
        if count > limit { throw ImageStoreError.limit(.unpackedSize, limit, object: object) }
        return run
    }
}
