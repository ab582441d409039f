internal import Glibc
internal import LinuxSystem

/// What a container has changed of its image's files.
public struct FileChange: Sendable, Hashable, CustomStringConvertible {
    /// What has happened to a file.
    public enum Kind: String, Sendable {
        /// It was not there before.
        case added = "A"
        /// Its content or its attributes differ; for a folder, or what is in it.
        case changed = "C"
        /// It is gone.
        case deleted = "D"
    }

    /// What has happened.
    public let kind: Kind
    /// The file, as the container sees it; bytes that are not UTF-8 are replaced.
    public let path: String

    /// As `nestbox diff` prints it; control characters, which a container may put into a name, are escaped.
    public var description: String { "\(kind.rawValue) \(path.escapedControls)" }
}

/// Compares a container's own layer with the layers below it, by descriptors and without following a link.
///
/// Only the container's own layer is walked, and of those below just the folders that it holds, too: the cost depends on what has
/// changed.
struct LayerChanges {
    /// A folder needs a descriptor in each layer that has it; images nest them far less deep.
    private static let maximumDepth = 200

    private var changes: [FileChange] = []

    /// Finds the changes, by path.
    ///
    /// - Parameters:
    ///   - upper: the folder of the container's own layer.
    ///   - lower: the folders of the layers below it, topmost first.
    /// - Throws: `SystemError`.
    static func find(in upper: String, over lower: [String]) throws(SystemError) -> [FileChange] {
        var search = LayerChanges()
        let folder = try FileDescriptor.open(upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        try search.compare(folder, over: try LayerFolders(lower), path: "", depth: 0)
        return search.changes.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    private mutating func compare(
        _ upper: borrowing FileDescriptor, over lower: borrowing LayerFolders, path: String, depth: Int
    ) throws(SystemError) {
        guard depth < Self.maximumDepth else {
            throw SystemError(
                "compare", path, Errno(ENAMETOOLONG), hint: "folders are nested more than \(Self.maximumDepth) deep")
        }
        let names = try TreeCopier.entries(of: upper.rawValue)
        if LayerFolders.isOpaque(upper.rawValue) { try hideOthers(than: names, of: lower, path: path) }
        for name in names {
            var status = stat()
            guard fstatat(upper.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                // A running container may have removed it meanwhile.
                if Errno.current == .noSuchFile { continue }
                throw SystemError("look up", path + "/" + TreeCopier.text(name), Errno.current)
            }
            let place = path + "/" + TreeCopier.text(name)
            let wasThere = try lower.shows(name)
            if LayerFolders.isWhiteout(status) {
                if wasThere { changes.append(FileChange(kind: .deleted, path: place)) }
                continue
            }
            changes.append(FileChange(kind: wasThere ? .changed : .added, path: place))
            guard status.st_mode & S_IFMT == S_IFDIR else { continue }
            let number = openat(upper.rawValue, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard number >= 0 else {
                if Errno.current == .noSuchFile { continue }
                throw SystemError("open", place, Errno.current)
            }
            let folder = FileDescriptor(owning: number)
            try compare(folder, over: try lower.folder(name), path: place, depth: depth + 1)
        }
    }

    /// A folder that was made anew: what it had before is gone, but for what it has again.
    private mutating func hideOthers(
        than names: [[CChar]], of lower: borrowing LayerFolders, path: String
    ) throws(SystemError) {
        let kept = Set(names)
        for name in try lower.names() where !kept.contains(name) {
            changes.append(FileChange(kind: .deleted, path: path + "/" + TreeCopier.text(name)))
        }
    }
}
