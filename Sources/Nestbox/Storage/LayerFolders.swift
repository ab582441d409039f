internal import CLinux
internal import Glibc
internal import LinuxSystem

/// One folder as several layers show it together: those layers' folders, topmost first.
///
/// As overlayfs does (Documentation/filesystems/overlayfs.rst): a whiteout hides what is below it, and an opaque folder all of the
/// same folder's entries there.
struct LayerFolders: ~Copyable {
    private let descriptors: [Int32]

    deinit { for descriptor in descriptors { close(descriptor) } }

    private init(descriptors: [Int32]) {
        self.descriptors = descriptors
    }

    /// Opens the tops of layers.
    ///
    /// - Throws: `SystemError`.
    init(_ paths: [String]) throws(SystemError) {
        var descriptors: [Int32] = []
        do throws(SystemError) {
            for path in paths {
                descriptors.append(try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).release())
            }
        } catch {
            for descriptor in descriptors { close(descriptor) }
            throw error
        }
        self.descriptors = descriptors
    }

    /// Whether an entry of this name shows.
    ///
    /// - Throws: `SystemError`.
    func shows(_ name: [CChar]) throws(SystemError) -> Bool {
        for descriptor in descriptors {
            if let status = try Self.status(of: name, in: descriptor) { return !Self.isWhiteout(status) }
        }
        return false
    }

    /// The folder of this name; one without entries where none shows.
    ///
    /// - Throws: `SystemError`.
    func folder(_ name: [CChar]) throws(SystemError) -> LayerFolders {
        var found: [Int32] = []
        do throws(SystemError) {
            for descriptor in descriptors {
                guard let status = try Self.status(of: name, in: descriptor) else { continue }
                guard status.st_mode & S_IFMT == S_IFDIR else { break }
                let number = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                guard number >= 0 else { throw SystemError("open", TreeCopier.text(name), Errno.current) }
                found.append(number)
                if Self.isOpaque(number) { break }
            }
        } catch {
            for descriptor in found { close(descriptor) }
            throw error
        }
        return LayerFolders(descriptors: found)
    }

    /// The names of all entries that show.
    ///
    /// - Throws: `SystemError`.
    func names() throws(SystemError) -> [[CChar]] {
        var (seen, result): (Set<[CChar]>, [[CChar]]) = ([], [])
        for descriptor in descriptors {
            for name in try TreeCopier.entries(of: descriptor) where seen.insert(name).inserted {
                if let status = try Self.status(of: name, in: descriptor), !Self.isWhiteout(status) {
                    result.append(name)
                }
            }
        }
        return result
    }

    /// Whether an entry of a layer says that there is none.
    static func isWhiteout(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0 }

    /// Whether a folder of a layer hides what the layers below have in it.
    static func isOpaque(_ folder: Int32) -> Bool {
        var value: [UInt8] = [0]
        let name = Array("trusted.overlay.opaque".utf8) + [0]
        return TreeCopier.call(SYS_fgetxattr, folder, name, &value, 1) == 1 && value[0] == UInt8(ascii: "y")
    }

    private static func status(of name: [CChar], in folder: Int32) throws(SystemError) -> stat? {
        var status = stat()
        if fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 { return status }
        let errno = Errno.current
        guard errno == .noSuchFile else { throw SystemError("look up", TreeCopier.text(name), errno) }
        return nil
    }
}
