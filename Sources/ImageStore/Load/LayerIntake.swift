internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// A layer that an archive offers.
enum OfferedLayer: Sendable {
    /// It was read just now.
    case staged(StagedLayer)
    /// The store has it already.
    case present(LayerRecord)

    /// The layer as it came.
    var blob: BlobSummary {
        switch self {
        case .staged(let layer): layer.blob
        case .present(let record): BlobSummary(digest: record.blob, size: record.blobSize)
        }
    }
}

/// Takes the layers of one load into its staging folder, and passes over those that the store has.
final class LayerIntake {
    /// How often progress is told, in bytes.
    private static let progressStep: Int64 = 1 << 20

    let staging: StagingFolder
    let limits: UnpackLimits
    private let store: StoreFolder
    private let progress: (ImageProgress) -> Void
    /// The layers of the store by the digest of their blob and by their diff ID.
    private var known: [Digest: LayerRecord] = [:]
    /// Keep layers that are counted on from being removed meanwhile.
    private var pins: [LayerPin] = []

    init(
        _ store: StoreFolder, limits: UnpackLimits, progress: @escaping (ImageProgress) -> Void
    ) throws {
        self.store = store
        self.limits = limits
        self.progress = progress
        staging = try StagingFolder(store)
        for diffID in try store.digests(in: "layers") {
            guard let record = try? store.layer(diffID) else { continue }
            known[record.diffID] = record
            known[record.blob] = record
        }
    }

    /// The layer of that blob digest or diff ID, if the store has it.
    ///
    /// It stays until this object is gone.
    func present(_ digest: Digest) throws -> OfferedLayer? {
        guard let record = known[digest], let pin = try store.pin(layer: record.diffID),
            // Without what it came from an image would not be whole; so it comes again.
            store.exists(StoreFolder.path(ofBlob: record.blob))
        else { return nil }
        pins.append(LayerPin(pin))
        progress(
            ImageProgress(
                phase: .exists, object: digest.description, completed: record.blobSize, total: record.blobSize))
        return .present(record)
    }

    /// Reads a layer to its end.
    ///
    /// - Parameters:
    ///   - head: the first bytes, which were looked at to tell what it is.
    ///   - next: answers the next bytes, which are valid until it is called again; nil at the end.
    /// - Throws: `ImageStoreError`, `SystemError`; not when the layer itself is at fault.
    func take(
        name: String, size: Int64?, kind: ContentKind, head: UnsafeRawBufferPointer,
        next: () throws -> UnsafeRawBufferPointer?
    ) throws -> OfferedLayer {
        let ingestion = try LayerIngestion(staging, kind: kind, name: name, size: size, limits: limits)
        do {
            var done: Int64 = 0
            var told: Int64 = 0
            func take(_ bytes: UnsafeRawBufferPointer) throws {
                try ingestion.write(bytes)
                done += Int64(bytes.count)
                guard done - told >= Self.progressStep else { return }
                told = done
                progress(ImageProgress(phase: .unpacking, object: name, completed: done, total: size))
            }
            try take(head)
            while let bytes = try next() { try take(bytes) }
            let layer = try ingestion.finish()
            progress(ImageProgress(phase: .unpacking, object: name, completed: done, total: done))
            return .staged(layer)
        } catch {
            ingestion.abandon()
            throw error
        }
    }

    /// Tells that everything is being flushed.
    func tellFlushing() {
        progress(ImageProgress(phase: .flushing, object: store.path, completed: 0, total: nil))
    }
}

/// Holds the lock that keeps a layer.
private final class LayerPin {
    private let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }
}
