internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// A descriptor that can be put into a collection.
private final class HeldDescriptor: Sendable {
    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }
}

/// Keeps the layers and the configuration of an image in the store for as long as it lives, whatever is removed meanwhile.
///
/// Hold one from choosing an image until the container's own record says that it uses the image.
public final class LayerHold: Sendable {
    private let descriptors: [HeldDescriptor]

    fileprivate init(_ folder: StoreFolder, _ image: Image) throws {
        guard let configuration = try folder.pin(blob: image.id) else {
            throw ImageStoreError.noImage(image.id.description)
        }
        var held = [HeldDescriptor(configuration)]
        for diffID in image.layers {
            guard let descriptor = try folder.pin(layer: diffID) else {
                throw ImageStoreError.store(
                    "\(folder.path)/\(StoreFolder.path(ofLayer: diffID))", reason: "the layer is missing; load it again"
                )
            }
            held.append(HeldDescriptor(descriptor))
        }
        descriptors = held
    }
}

extension ImageStore {
    /// Keeps the layers and the configuration of an image from being removed, also by other processes.
    ///
    /// - Throws: `ImageStoreError.store` when a layer is missing, `.noImage` when the image was just removed, `SystemError`.
    public func hold(_ image: Image) throws -> LayerHold {
        let hold = try LayerHold(folder, image)
        // Before the hold another command may have removed an image whose layers others need.
        guard folder.exists(StoreFolder.path(ofImage: image.id)) else {
            throw ImageStoreError.noImage(image.id.description)
        }
        return hold
    }
}

/// Layers that one command has for itself, so that it can remove them: nobody holds them, and nobody can until this is gone.
final class LayerLocks {
    private let folder: StoreFolder
    private var held: [Digest: HeldDescriptor] = [:]

    init(_ folder: StoreFolder) {
        self.folder = folder
    }

    /// Locks a layer; false when somebody holds it.
    ///
    /// One that is missing needs no lock.
    ///
    /// - Throws: `SystemError`.
    func take(_ diffID: Digest) throws(SystemError) -> Bool {
        if held[diffID] != nil { return true }
        let layer: FileDescriptor
        do {
            layer = try folder.descriptor.open(
                StoreFolder.path(ofLayer: diffID), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        } catch  where error.errno == .noSuchFile {
            return true
        }
        guard flock(layer.rawValue, LOCK_EX | LOCK_NB) == 0 else { return false }
        held[diffID] = HeldDescriptor(layer)
        return true
    }
}
