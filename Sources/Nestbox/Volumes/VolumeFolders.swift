internal import CLinux
internal import Glibc
internal import LinuxSystem

/// The folders inside volumes that are mounted in the volumes' stead (`volume-subpath`), held open.
///
/// What is in a volume was made by containers, and one that uses it may be changing it right now. So the folder is opened
/// below the volume, once, and the runtime gets the descriptor and never a path.
final class VolumeFolders {
    private var folders: [Folder] = []

    private final class Folder {
        let target: String
        let descriptor: FileDescriptor

        init(target: String, descriptor: consuming FileDescriptor) {
            self.target = target
            self.descriptor = descriptor
        }
    }

    /// Opens what the container's mounts need; nothing when none of them has a subpath.
    ///
    /// - Throws: `EngineError.invalidConfiguration` when a volume has no such folder or file.
    init(of record: ContainerRecord, _ paths: EnginePaths) throws {
        for mount in record.configuration.mounts where mount.kind == .volume {
            guard let subpath = mount.volumeSubpath, !subpath.isEmpty,
                let use = record.volumes.first(where: { $0.target == mount.target })
            else { continue }
            let root = try RootDirectory(path: paths.volumeData(use.name))
            folders.append(Folder(target: mount.target, descriptor: try Self.open(subpath, in: root, of: use)))
        }
    }

    private static func open(
        _ subpath: String, in volume: borrowing RootDirectory, of use: VolumeUse
    ) throws -> FileDescriptor {
        do throws(SystemError) {
            return try volume.open(try RootedPath(subpath), NB_O_PATH)
        } catch {
            guard error.errno == .noSuchFile || error.errno == .notDirectory else { throw error }
            throw EngineError.invalidConfiguration(
                "cannot mount \(subpath.escapedForMessage) of volume \(use.name) at \(use.target.escapedForMessage): "
                    + "the volume has nothing of that name; make it first, or mount all of the volume")
        }
    }

    /// Their numbers, which the runtime inherits.
    var descriptors: [Int32] { folders.map { $0.descriptor.rawValue } }

    /// The input with these folders in the place of whole volumes.
    func applied(to input: SpecificationInput) -> SpecificationInput {
        var result = input
        for folder in folders { result.volumes[folder.target] = "/proc/self/fd/\(folder.descriptor.rawValue)" }
        return result
    }
}
