public import ImageStore
internal import NIOHTTP1
public import OCISpec

/// What a push has sent.
public struct PushedImage: Sendable, Hashable {
    /// The manifest's digest.
    public var digest: Digest
    /// Bytes of the manifest.
    public var size: Int
}

extension RegistryClient {
    /// Sends an image under one of its names: byte for byte what it came with; what the registry has already is not sent.
    ///
    /// An upload that was interrupted goes on where it was, if the registry still knows of it.
    ///
    /// - Throws: `RegistryError`, `ImageStoreError`, `SystemError`.
    public func push(
        _ reference: ImageReference, from store: ImageStore, observe: @escaping TransferObserver = { _ in }
    ) throws -> PushedImage {
        guard let tag = reference.tag, reference.digest == nil else {
            throw RegistryError.request("cannot push \(reference.familiar): name a tag, and no digest")
        }
        let upload = try store.upload(of: reference.description)
        let repository = repository(of: reference)
        let abortion = Abortion()
        var layers: [(blob: Descriptor, diffID: Digest)] = []
        for layer in upload.layers where !layers.contains(where: { $0.blob.digest == layer.blob.digest }) {
            layers.append(layer)
            observe(TransferProgress(layer: layer.diffID, phase: .waiting, size: layer.blob.size))
        }
        let items = layers.map { LayerToSend(blob: $0.blob, diffID: $0.diffID) }
        try inParallel(items, abortion) { layer in
            try Self.send(layer, of: upload, to: repository, from: store, reference, abortion, observe)
        }
        _ = try BlobUploading(
            repository: repository, blob: upload.configuration, sources: [], abortion: abortion
        ).run(open: { try upload.open(upload.configuration) }, progress: { _ in })
        try put(upload, tag, to: repository)
        return PushedImage(digest: upload.digest, size: upload.manifest.count)
    }

    private struct LayerToSend: Sendable {
        var blob: Descriptor
        var diffID: Digest
    }

    private static func send(
        _ layer: LayerToSend, of upload: ImageUpload, to repository: Repository, from store: ImageStore,
        _ reference: ImageReference, _ abortion: Abortion, _ observe: @escaping TransferObserver
    ) throws {
        func tell(_ phase: TransferProgress.Phase) {
            observe(TransferProgress(layer: layer.diffID, phase: phase, size: layer.blob.size))
        }
        // Images of other repositories there that have the layer came from there, or went there.
        var sources: [String] = []
        for other in try store.references(ofImagesWith: layer.blob.digest)
        where other.domain == reference.domain && other.path != reference.path && !sources.contains(other.path) {
            sources.append(other.path)
        }
        let (diffID, size) = (layer.diffID, layer.blob.size)
        let outcome = try BlobUploading(
            repository: repository, blob: layer.blob, sources: sources, abortion: abortion,
            session: store.uploadSession(of: layer.blob.digest, to: reference.name)
        ).run(open: { try upload.open(layer.blob) }) { sent in
            observe(TransferProgress(layer: diffID, phase: .transferring(completed: sent), size: size))
        }
        switch outcome {
        case .existed: tell(.exists)
        case .mounted(let source): tell(.mounted(from: source))
        case .sent: tell(.complete)
        }
    }

    private func put(_ upload: ImageUpload, _ tag: String, to repository: Repository) throws(RegistryError) {
        let connection = repository.connection
        let answer = try connection.perform(
            RegistryCall(
                request: HTTPRequest(
                    method: .PUT, address: try connection.address("\(repository.name)/manifests/\(tag)"),
                    headers: [("Content-Type", upload.mediaType.rawValue)], body: .bytes(upload.manifest),
                    object: "\(repository.name):\(tag)"),
                scope: .push(repository.name)))
        guard answer.status == 201 else { throw connection.failure(answer) }
        let told = answer.header("docker-content-digest").flatMap { try? Digest($0) }
        answer.exchange.cancel()
        if let told, told.algorithm == upload.digest.algorithm, told != upload.digest {
            throw .digestMismatch(object: "the pushed manifest", expected: upload.digest, actual: told)
        }
    }
}
