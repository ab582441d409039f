internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// The folders of the store, below one root of mode 0700.
///
/// | path | what |
/// | --- | --- |
/// | `blobs/sha256/HEX` | manifests, configurations and layers as they came, named by their content |
/// | `layers/HEX/diff` | an unpacked layer, named by its diff ID; beside it `layer.json` |
/// | `layers/HEX/layer.erofs` | the same as an image of a file system, instead of `diff`; see ``ErofsImage`` |
/// | `images/HEX.json` | an image, named by its configuration's digest |
/// | `images/references.json` | which reference names which image: one file, so that a tag moves in one step |
/// | `partial/HEX` | a layer as it comes from a registry, until it is complete; see ``PartialBlob`` |
/// | `uploads/HEX` | where the upload of a layer to a registry has begun, until it ends; see ``UploadSession`` |
/// | `registry/NAME` | a repository of the own registry, see `StoreFolder+Registry.swift` |
/// | `tmp/NAME` | what is being made or removed, locked by the process that does it |
/// | `images.lock` | locked while anything above becomes visible or is removed |
///
/// Everything is made below `tmp` and renamed into place when it is complete and on the disk. A process that dies
/// leaves only things below `tmp`, whose locks die with it; the next command removes what has no owner.
final class StoreFolder: Sendable {
    static let subfolders = ["blobs", "blobs/sha256", "layers", "images", "tmp"]
    static let lockFile = "images.lock"

    /// The absolute path of the root.
    let path: String
    /// The root itself.
    let descriptor: FileDescriptor

    /// Opens the store at `path`, and makes what is missing of it.
    ///
    /// - Throws: `SystemError`.
    init(path: String) throws(SystemError) {
        let path = try Self.absolute(path)
        self.path = path
        do {
            descriptor = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        } catch  where error.errno == .noSuchFile {
            try Self.makeFolders(path)
            descriptor = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        }
        let number = descriptor.rawValue
        let status = try descriptor.status()
        // Layers hold setuid programs and device nodes; nobody else may reach them.
        if status.st_mode & 0o077 != 0 { try retrying("protect", path) { fchmod(number, 0o700) } }
        guard faccessat(number, "tmp", F_OK, 0) != 0 else { return }
        for folder in Self.subfolders where mkdirat(number, folder, 0o700) != 0 && Errno.current != .exists {
            throw SystemError("create", "\(path)/\(folder)", .current)
        }
    }

    /// A path that still means the same after the process has gone to another folder.
    private static func absolute(_ path: String) throws(SystemError) -> String {
        if path.begins(with: "/") { return path }
        guard let folder = getcwd(nil, 0) else { throw SystemError("find", "the working folder", .current) }
        defer { free(folder) }
        return "\(String(cString: folder))/\(path)"
    }

    private static func makeFolders(_ path: String) throws(SystemError) {
        var prefix = ""
        let parts = path.pathComponents
        for (index, part) in parts.enumerated() {
            prefix += "/\(part)"
            if mkdir(prefix, index == parts.count - 1 ? 0o700 : 0o755) != 0, Errno.current != .exists {
                throw SystemError("create", prefix, .current)
            }
        }
    }

    /// Waits for the lock that makes changes to what is visible one after another.
    ///
    /// It ends with the descriptor.
    ///
    /// - Throws: `SystemError`.
    func lock() throws(SystemError) -> FileDescriptor {
        let lock = try descriptor.open(Self.lockFile, O_RDWR | O_CREAT)
        let number = lock.rawValue
        try retrying("lock", "\(path)/\(Self.lockFile)") { flock(number, LOCK_EX) }
        return lock
    }

    /// Whether something is there.
    func exists(_ name: String) -> Bool {
        var status = stat()
        return fstatat(descriptor.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) == 0
    }

    /// How many bytes a file of the store has; 0 where there is none.
    func size(of name: String) -> Int64 {
        var status = stat()
        return fstatat(descriptor.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? Int64(status.st_size) : 0
    }

    /// A whole file of the store; nil where there is none.
    ///
    /// - Throws: `SystemError`.
    func read(_ name: String) throws(SystemError) -> [UInt8]? {
        do {
            return try descriptor.open(name, O_RDONLY | O_NOFOLLOW).readAll()
        } catch  where error.errno == .noSuchFile {
            return nil
        } catch {
            throw SystemError("read", "\(path)/\(name)", error.errno)
        }
    }

    /// The names in a folder of the store.
    ///
    /// - Throws: `SystemError`.
    func names(in folder: String) throws(SystemError) -> [String] {
        var names: [String] = []
        let opened = try descriptor.open(folder, O_RDONLY | O_DIRECTORY)
        try TreeRemover.forEachName(in: opened.rawValue) { names.append(String(cString: $0)) }
        return names
    }

    /// Waits until the entries of a folder of the store are on the disk.
    ///
    /// - Throws: `SystemError`.
    func flush(folder: String) throws(SystemError) {
        let opened = try descriptor.open(folder, O_RDONLY | O_DIRECTORY)
        try retrying("flush", folder) { fsync(opened.rawValue) }
    }
}

extension StoreFolder {
    static func path(ofBlob digest: Digest) -> String { "blobs/\(digest.algorithm.rawValue)/\(digest.hex)" }
    static func path(ofLayer diffID: Digest) -> String { "layers/\(diffID.hex)" }
    static func path(ofImage id: Digest) -> String { "images/\(id.hex).json" }
    static let referencesFile = "images/references.json"
}
