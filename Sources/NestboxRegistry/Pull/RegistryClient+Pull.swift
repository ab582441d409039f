public import ImageStore
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
public import OCISpec

/// What a pull has brought.
public struct PulledImage: Sendable {
    /// The image.
    public var image: Image
    /// The digest of what the name stands for: of an index where there is one.
    public var digest: Digest
    /// Whether the name stood for something else before, or for nothing.
    public var isNew: Bool
}

extension RegistryClient {
    /// The most bytes of a configuration.
    private static let configurationLimit: Int64 = 8 << 20
    /// How many layers are fetched at once.
    private static let threads = 3
    /// How deep an index may stand in another.
    private static let maximumDepth = 4

    /// Fetches an image; layers that the store has, by content, are not fetched.
    ///
    /// Nothing is visible before all of it is verified. Mirrors are asked first, in their order.
    /// - Parameters:
    ///   - reference: its name.
    ///   - store: where it goes to.
    ///   - platform: which variant to take; nil: the host's, and a single image whatever it is for.
    ///   - begins: is told once the registry has the image.
    ///   - observe: is told how far each layer is, on any thread.
    /// - Throws: `RegistryError`, `ImageStoreError`, `SystemError`.
    public func pull(
        _ reference: ImageReference, into store: ImageStore, platform: Platform? = nil, begins: () -> Void = {},
        observe: @escaping TransferObserver = { _ in }
    ) throws -> PulledImage {
        for (mirror, place) in mirrors(of: reference) {
            do {
                return try pull(reference, from: place, into: store, platform, begins, observe)
            } catch let error as RegistryError {
                notice("mirror \(mirror.authority) is passed over: \(error)")
            }
        }
        return try pull(reference, from: repository(of: reference), into: store, platform, begins, observe)
    }

    /// The mirrors of an image's registry, and its repository there.
    func mirrors(of reference: ImageReference) -> [(mirror: HTTPAddress, repository: Repository)] {
        let host = RegistryHost(reference.domain)
        return (settings.file.mirrors[reference.domain] ?? []).map { mirror in
            (mirror, Repository(connection: connection(host, mirror: mirror), name: reference.path))
        }
    }

    private func pull(
        _ reference: ImageReference, from repository: Repository, into store: ImageStore, _ platform: Platform?,
        _ begins: () -> Void, _ observe: @escaping TransferObserver
    ) throws -> PulledImage {
        let named = try repository.manifest(reference.digest?.description ?? reference.tag ?? ImageReference.defaultTag)
        begins()
        let fetched = try choose(named, from: repository, platform ?? .host)
        let manifest = try Self.read(ImageManifest.self, fetched.bytes, fetched.digest)
        guard manifest.config.mediaType.isConfiguration else {
            throw ImageStoreError.mediaType(
                manifest.config.mediaType.rawValue, object: "\(reference.familiar), which is no image of a container,")
        }
        for layer in manifest.layers where layer.mediaType.layerCompression == nil {
            throw ImageStoreError.mediaType(layer.mediaType.rawValue, object: "layer \(layer.digest)")
        }
        let known = try? store.image(named: manifest.config.digest.description)
        let bytes =
            try known.map(store.configurationBytes)
            ?? repository.smallBlob(manifest.config, limit: Self.configurationLimit)
        let configuration = try Self.read(ImageConfiguration.self, bytes, manifest.config.digest)
        if let platform, fetched.digest == named.digest {
            // Not chosen from several by what it is for.
            guard platform.runs(configuration.platform) else {
                throw ImageStoreError.platform(
                    wanted: platform.description, available: [configuration.platform.description])
            }
        }
        guard configuration.rootfs.diffIDs.count == manifest.layers.count else {
            throw ImageStoreError.metadata(
                manifest.config.digest.description,
                reason: "it names \(configuration.rootfs.diffIDs.count) layers, the manifest \(manifest.layers.count)")
        }
        let intake = try store.receiveImage()
        let isComplete = try fetch(manifest, configuration, from: repository, into: intake, observe) == 0
        let isNew = known.map { !$0.references.contains(reference) } ?? true
        if let known, !isNew, isComplete, known.manifest == fetched.digest {
            return PulledImage(image: known, digest: named.digest, isNew: false)
        }
        let image = try intake.finish(manifest: fetched.bytes, configuration: bytes, references: [reference])
        return PulledImage(image: image, digest: named.digest, isNew: isNew)
    }

    /// The manifest of the variant that fits.
    private func choose(
        _ fetched: FetchedManifest, from repository: Repository, _ platform: Platform
    ) throws -> FetchedManifest {
        var current = fetched
        for _ in 0..<Self.maximumDepth {
            if current.mediaType.isManifest { return current }
            let index = try Self.read(ImageIndex.self, current.bytes, current.digest)
            guard
                let best = index.manifests(for: platform).first(where: {
                    $0.mediaType.isManifest || $0.mediaType.isIndex
                })
            else {
                let available = index.manifests.compactMap { $0.platform?.description }.filter {
                    $0 != "unknown/unknown"
                }
                throw ImageStoreError.platform(
                    wanted: platform.description, available: available.isEmpty ? ["no platform"] : available)
            }
            current = try repository.manifest(best.digest.description)
        }
        throw ImageStoreError.metadata(fetched.digest.description, reason: "indexes are nested too deeply")
    }

    private static func read<Value: JSONCodable>(
        _ type: Value.Type, _ bytes: [UInt8], _ digest: Digest
    ) throws(ImageStoreError) -> Value {
        do throws(JSONError) {
            return try Value(jsonBytes: bytes, limits: JSONLimits(bytes: max(bytes.count, 1)))
        } catch {
            throw .metadata(digest.description, reason: error.description)
        }
    }

    /// Fetches the layers that are missing, a few at once, and says how many there were.
    private func fetch(
        _ manifest: ImageManifest, _ configuration: ImageConfiguration, from repository: Repository,
        into intake: ImageIntake, _ observe: @escaping TransferObserver
    ) throws -> Int {
        var missing: [Descriptor] = []
        for (layer, diffID) in zip(manifest.layers, configuration.rootfs.diffIDs) {
            guard layer.digest.algorithm == .sha256 else {
                throw ImageStoreError.metadata(
                    layer.digest.description, reason: "only sha256 digests can be verified here")
            }
            if missing.contains(where: { $0.digest == layer.digest }) { continue }
            let isPresent = try intake.hasLayer(layer, diffID: diffID)
            observe(TransferProgress(layer: layer.digest, phase: isPresent ? .exists : .waiting, size: layer.size))
            if !isPresent { missing.append(layer) }
        }
        let abortion = Abortion()
        try inParallel(missing, abortion) { layer in
            try BlobDownload(repository: repository, layer: layer, abortion: abortion, observe: observe)
                .run(into: intake)
        }
        return missing.count
    }

    /// Does the same with several things on a few threads, until all is done or one has failed.
    func inParallel<Item: Sendable>(
        _ items: [Item], _ abortion: Abortion, _ body: @escaping @Sendable (Item) throws -> Void
    ) throws {
        guard !items.isEmpty else { return }
        let pool = NIOThreadPool(numberOfThreads: min(Self.threads, items.count))
        pool.start()
        let loop = transport.group.next()
        let ends = items.map { item in
            pool.runIfActive(eventLoop: loop) {
                if abortion.isCalled { throw Aborted() }
                do {
                    try body(item)
                } catch {
                    abortion.call()
                    throw error
                }
            }
        }
        var failure: (any Error)?
        for end in ends {
            do {
                try end.wait()
            } catch {
                if failure == nil || failure is Aborted { failure = error }
            }
        }
        try? pool.syncShutdownGracefully()
        if let failure { throw failure }
    }
}
