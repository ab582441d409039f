internal import LinuxSystem
public import OCISpec

/// Takes one layer in while it arrives: it is written, hashed and unpacked at once, in bounded memory.
///
/// A receiver belongs to one thread. What it did not bring to its end stays for the next fetch.
public final class LayerReceiver {
    /// The layer.
    public let layer: Descriptor
    /// How many bytes an earlier fetch had left, or the store has; the next one to write follows them.
    public let resumedAt: Int64
    /// How many bytes are there.
    public private(set) var received: Int64 = 0
    private let intake: ImageIntake
    private let partial: PartialBlob?
    private let stored: StoredBlob?
    private var ingestion: LayerIngestion?
    /// The first bytes, until there are enough to tell what they are.
    private var head: [UInt8] = []
    /// Where the layer is none: its hash, which tells whether it was damaged on the way.
    private var unknown: StreamDigest?

    init(_ layer: Descriptor, _ intake: ImageIntake) throws {
        self.layer = layer
        self.intake = intake
        stored = try StoredBlob(layer, in: intake.store.folder, intake.staging)
        partial = try stored == nil ? PartialBlob(intake.store.folder, layer.digest, size: layer.size) : nil
        resumedAt = stored?.size ?? partial?.existing ?? 0
        try stored?.replay(write)
        try partial?.replay(write)
    }

    deinit { abandon() }

    /// Takes the next bytes.
    ///
    /// - Throws: `ImageStoreError.sizeMismatch` when they are too many, `SystemError` when they cannot be written.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        received += Int64(bytes.count)
        guard received <= layer.size else {
            partial?.remove()
            throw ImageStoreError.sizeMismatch(layer.digest, expected: layer.size, actual: received)
        }
        if let ingestion {
            try ingestion.write(bytes)
        } else if unknown != nil {
            unknown?.update(bytes)
        } else {
            head.append(contentsOf: bytes)
            if head.count >= ContentKind.headSize || received == layer.size { try begin() }
        }
    }

    private func begin() throws {
        let kind = head.withUnsafeBytes { ContentKind($0) }
        switch kind {
        case .tar, .gzip, .zstd:
            let ingestion = try LayerIngestion(
                intake.staging, kind: kind, name: layer.digest.description, size: layer.size,
                limits: intake.limits, target: stored?.target() ?? partial?.target())
            self.ingestion = ingestion
            try head.withUnsafeBytes { try ingestion.write($0) }
        case .json, .unknown, .otherCompression:
            var digest = StreamDigest()
            head.withUnsafeBytes { digest.update($0) }
            unknown = digest
        }
        head = []
    }

    /// Ends the layer, and verifies it.
    ///
    /// - Throws: `ImageStoreError`; then nothing is left of a layer that is not what it should be. `SystemError`.
    public func finish() throws {
        guard received == layer.size else {
            throw ImageStoreError.sizeMismatch(layer.digest, expected: layer.size, actual: received)
        }
        guard let ingestion else {
            if unknown == nil { try begin() }
            partial?.remove()
            try verify(unknown.map { try $0.finish().digest } ?? layer.digest)
            throw ImageStoreError.archive(
                "layer \(layer.digest)", reason: "it is no tar archive (plain, gzip or zstd)")
        }
        let staged = try ingestion.finish()
        do {
            try verify(staged.blob.digest)
            if case .failure(let error) = staged.record {
                guard let error = error as? ImageStoreError else {
                    throw ImageStoreError.layerNotWritten(layer.digest, reason: "\(error)")
                }
                throw ImageStoreError.layer(layer.digest, reason: error)
            }
        } catch {
            partial?.remove()
            throw error
        }
        intake.keep(staged, partial)
    }

    private func verify(_ actual: Digest) throws {
        guard actual == layer.digest else {
            stored?.removeDamaged()
            throw ImageStoreError.digestMismatch(object: "blob", expected: layer.digest, actual: actual)
        }
    }

    /// Ends the work on a layer that does not come to its end; what has come is kept.
    public func abandon() {
        ingestion?.abandon()
    }
}
