internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// What the store says that it has, and what of that is not there: everything but the content of blobs and layers.
///
/// Only names and small files are read. With the store's lock held it is exact; otherwise what is changed meanwhile may look
/// damaged.
struct StoreCensus {
    let folder: StoreFolder
    private(set) var blobs: Set<Digest> = []
    /// Unpacked layers with what is recorded of them; nil where that is damaged.
    private(set) var layers: [Digest: LayerRecord?] = [:]
    private(set) var images: [Digest: ImageRecord] = [:]
    private(set) var references: [String: Digest] = [:]
    var repositories = 0
    private(set) var problems: [StoreObject: String] = [:]
    private(set) var users: [StoreObject: Set<String>] = [:]
    /// The images that need a blob.
    private var imagesByBlob: [Digest: Set<Digest>] = [:]
    private var manifests: Set<Digest> = []

    /// Looks at the store.
    ///
    /// - Throws: `SystemError` when a folder cannot be read.
    init(_ folder: StoreFolder, _ uses: [StoreUse]) throws {
        self.folder = folder
        do {
            references = try folder.references()
        } catch let error as ImageStoreError {
            problems[.references] = Self.reason(error)
        }
        let recorded = try folder.imageIDs()
        try listBlobs()
        try listLayers()
        try findStrays("images") { name in
            name == "references.json" || name.hasSuffix(".json") && Self.digest(name.dropLast(5)) != nil
        }
        for id in recorded { examine(image: id) }
        for (name, id) in references where !folder.exists(StoreFolder.path(ofImage: id)) {
            note(.reference(name), "it stands for image \(id.shortened), which is not there")
        }
        try examineRepositories()
        for use in uses { need(use) }
    }

    // MARK: - What is there

    static func digest(_ name: some StringProtocol) -> Digest? { try? Digest("sha256:\(name)") }

    private mutating func listBlobs() throws {
        try findStrays("blobs") { $0 == "sha256" }
        try findStrays("blobs/sha256") { Self.digest($0) != nil }
        blobs = Set(try folder.digests(in: "blobs/sha256"))
    }

    private mutating func listLayers() throws {
        try findStrays("layers") { Self.digest($0) != nil }
        for diffID in try folder.digests(in: "layers") {
            layers[diffID] = .some(nil)
            do {
                guard let record = try folder.layer(diffID) else {
                    note(.layer(diffID), "what is known of it is missing")
                    continue
                }
                if record.diffID != diffID {
                    note(.layer(diffID), "what is known of it is about \(record.diffID)")
                } else if !hasFiles(layer: StoreFolder.path(ofLayer: diffID)) {
                    note(.layer(diffID), "its files are missing")
                } else {
                    layers[diffID] = record
                }
            } catch {
                note(.layer(diffID), Self.reason(error))
            }
        }
    }

    private mutating func findStrays(_ path: String, _ isOurs: (String) -> Bool) throws {
        for name in try folder.names(in: path) where !isOurs(name) {
            note(.stray("\(path)/\(name)"), "it is nothing of the store's")
        }
    }

    func isFolder(_ path: String) -> Bool { kind(path) == S_IFDIR }

    /// Whether a layer is there as a folder or as an image.
    private func hasFiles(layer path: String) -> Bool {
        isFolder("\(path)/diff") || kind("\(path)/\(ErofsImage.file)") == S_IFREG
    }

    private func kind(_ path: String) -> mode_t? {
        var status = stat()
        guard fstatat(folder.descriptor.rawValue, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        return status.st_mode & S_IFMT
    }

    // MARK: - What is needed

    private mutating func examine(image id: Digest) {
        let user = "image \(names(of: id).first?.familiar ?? id.shortened)"
        let record: ImageRecord
        do {
            // One that goes away meanwhile is passed over.
            guard let found = try folder.image(id) else { return }
            record = found
        } catch {
            note(.image(id), Self.reason(error), by: user)
            return needParts(ofDamaged: id, user)
        }
        guard record.id == id else { return note(.image(id), "it is about image \(record.id)", by: user) }
        images[id] = record
        need(.blob(id), by: user, image: id)
        if let manifest = record.manifest {
            manifests.insert(manifest)
            need(.blob(manifest), by: user, image: id)
        }
        for layer in record.layers {
            need(.blob(layer.blob), by: user, image: id)
            need(.layer(layer.diffID), by: user)
        }
        if let bytes = try? folder.read(StoreFolder.path(ofBlob: id)),
            let configuration = try? ImageConfiguration(metadata: bytes, name: id.description),
            configuration.rootfs.diffIDs != record.layers.map(\.diffID)
        {
            note(.image(id), "its layers are not those of its configuration", by: user)
        }
    }

    /// What an image needs whose record is damaged, as far as its configuration says it.
    private mutating func needParts(ofDamaged id: Digest, _ user: String) {
        need(.blob(id), by: user, image: id)
        guard let bytes = try? folder.read(StoreFolder.path(ofBlob: id)),
            let configuration = try? ImageConfiguration(metadata: bytes, name: id.description)
        else { return }
        for diffID in configuration.rootfs.diffIDs {
            need(.layer(diffID), by: user)
            if let blob = layers[diffID]??.blob { need(.blob(blob), by: user, image: id) }
        }
    }

    private mutating func need(_ use: StoreUse) {
        for layer in use.layers { need(.layer(layer), by: use.user) }
        // Its image may have been removed by force, but its configuration stays.
        if let image = use.image { need(.blob(image), by: use.user) }
    }

    /// Says what needs something, which is a damage where it is not there.
    mutating func need(_ object: StoreObject, by user: String, image: Digest? = nil) {
        users[object, default: []].insert(user)
        switch object {
        case .blob(let digest):
            if let image { imagesByBlob[digest, default: []].insert(image) }
            if !blobs.contains(digest) { note(object, "it is missing") }
        case .layer(let diffID):
            if layers[diffID] == nil { note(object, "it is missing") }
        default: break
        }
    }

    /// Says what is wrong with something; of several things the first counts.
    mutating func note(_ object: StoreObject, _ problem: String, by user: String? = nil) {
        if problems[object] == nil { problems[object] = problem }
        if let user { users[object, default: []].insert(user) }
    }

    /// The names of an image, in their order.
    private func names(of id: Digest) -> [ImageReference] {
        references.filter { $0.value == id }.keys.sorted().compactMap { try? ImageReference($0) }
    }

    static func reason(_ error: any Error) -> String {
        if case ImageStoreError.store(_, let reason) = error {
            // What to do is said apart.
            return "it cannot be understood: \(reason.split(separator: ";").first.map(String.init) ?? reason)"
        }
        return "\(error)"
    }

    // MARK: - What can be done

    /// The damages in a fixed order.
    var damages: [StoreDamage] {
        problems.map { object, problem in
            StoreDamage(
                object: object, problem: problem, users: (users[object] ?? []).sorted(), remedy: remedy(for: object))
        }.sorted { $0.object.sortingKey < $1.object.sortingKey }
    }

    /// Whether it is known what all images need: only then something is known to be needed by none.
    private var isComplete: Bool {
        !problems.keys.contains { object in
            if case .image = object { true } else { false }
        }
    }

    private func remedy(for object: StoreObject) -> StoreDamage.Remedy {
        switch object {
        case .blob(let digest):
            let names = (imagesByBlob[digest] ?? []).flatMap { self.names(of: $0) }
            let needs = users[object] ?? []
            if !names.isEmpty {
                return .fetch(
                    names.sorted { $0.description < $1.description }, isManifest: manifests.contains(digest))
            }
            if needs.isEmpty { return isComplete ? .remove : .load }
            return needs.contains { $0.hasPrefix("repository ") } ? .push : .load
        case .layer(let diffID):
            if let blob = blob(ofLayer: diffID) { return .unpack(blob: blob) }
            return users[object] == nil && isComplete ? .remove : .load
        case .image(let id):
            return blobs.contains(id) ? .rewrite : .load
        case .references: return .load
        case .reference, .stray: return .remove
        case .repository: return .push
        }
    }

    /// What a layer came from: what images say counts more than what stands beside it, which may be damaged.
    func blob(ofLayer diffID: Digest) -> Digest? {
        for image in images.values {
            for layer in image.layers where layer.diffID == diffID { return layer.blob }
        }
        return layers[diffID]??.blob
    }
}

extension StoreObject {
    /// For an order: what others are made from comes first.
    var sortingKey: String {
        switch self {
        case .references: "0"
        case .reference(let name): "1\(name)"
        case .image(let id): "2\(id)"
        case .blob(let digest): "3\(digest)"
        case .layer(let diffID): "4\(diffID)"
        case .repository(let path): "5\(path)"
        case .stray(let path): "6\(path)"
        }
    }
}
