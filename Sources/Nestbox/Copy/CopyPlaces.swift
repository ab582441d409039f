internal import CLinux
internal import Glibc
internal import LinuxSystem

/// What is copied: opened once, so that whatever takes its name meanwhile is not it.
struct CopySource: ~Copyable {
    /// Opened with O_PATH.
    let file: FileDescriptor
    let isFolder: Bool
    /// Its name at a destination that is a folder; empty: only what is in it.
    let name: [UInt8]

    /// - Parameters:
    ///   - root: the container's root, or the host's.
    ///   - followsLink: whether what a link leads to is copied in its stead, under the link's name.
    ///   - side: what errors call the path.
    init(
        _ path: CopyPath, in root: borrowing RootDirectory, followsLink: Bool, side: String
    ) throws {
        let file: FileDescriptor
        do throws(SystemError) {
            file = try Self.open(path, in: root, followsLink: followsLink)
        } catch {
            switch error.errno {
            case .noSuchFile: throw EngineError.failure("cannot copy \(side): there is no such file or folder")
            case .notDirectory: throw EngineError.failure("cannot copy \(side): it is no folder")
            default: throw EngineError.failure("cannot copy \(side): \(error)")
            }
        }
        let isFolder = try file.status().st_mode & S_IFMT == S_IFDIR
        self.file = file
        self.isFolder = isFolder
        name = path.isContents ? [] : Array(path.name.utf8)
    }

    private static func open(
        _ path: CopyPath, in root: borrowing RootDirectory, followsLink: Bool
    ) throws(SystemError) -> FileDescriptor {
        if path.assertsFolder { return try root.open(RootedPath(path.text), NB_O_PATH | O_DIRECTORY) }
        if followsLink { return try root.open(RootedPath(path.text), NB_O_PATH) }
        let parent = try root.open(RootedPath(path.parent), NB_O_PATH | O_DIRECTORY)
        return try parent.open(path.name, NB_O_PATH | O_NOFOLLOW)
    }
}

/// Where something is copied to.
struct CopyTarget: ~Copyable {
    private enum State {
        case folder
        case file(String)
        case missing(String)
    }

    private static let maximumLinks = 10

    /// The folder itself, or the one that the file lies in or is made in.
    let folder: FileDescriptor
    private let state: State
    private let assertsFolder: Bool
    private let side: String

    private init(_ folder: consuming FileDescriptor, _ state: State, assertsFolder: Bool, side: String) {
        self.folder = folder
        self.state = state
        self.assertsFolder = assertsFolder
        self.side = side
    }

    /// - Parameter side: what errors call the path.
    init(_ path: CopyPath, in root: borrowing RootDirectory, side: String) throws {
        do throws(SystemError) {
            self = try Self.find(path, in: root, side: side)
        } catch {
            switch error.errno {
            case .noSuchFile:
                throw EngineError.failure(
                    "cannot copy to \(side): the folder \(path.parent.escapedForMessage) does not exist; make it first")
            default: throw EngineError.failure("cannot copy to \(side): \(error)")
            }
        }
    }

    private static func find(
        _ original: CopyPath, in root: borrowing RootDirectory, side: String
    ) throws(SystemError) -> CopyTarget {
        var path = original
        for _ in 0...maximumLinks {
            let asserts = path.assertsFolder
            guard path.text != "/" else {
                let folder = try root.open(RootedPath("/"), NB_O_PATH | O_DIRECTORY)
                return CopyTarget(folder, .folder, assertsFolder: asserts, side: side)
            }
            let parent = try root.open(RootedPath(path.parent), NB_O_PATH | O_DIRECTORY)
            let number = openat(parent.rawValue, path.name, NB_O_PATH | O_NOFOLLOW | O_CLOEXEC)
            guard number >= 0 else {
                let errno = Errno.current
                guard errno == .noSuchFile else { throw SystemError("open", path.text, errno) }
                return CopyTarget(parent, .missing(path.name), assertsFolder: asserts, side: side)
            }
            let file = FileDescriptor(owning: number)
            switch try file.status().st_mode & S_IFMT {
            case S_IFDIR: return CopyTarget(file, .folder, assertsFolder: asserts, side: side)
            case S_IFREG: return CopyTarget(parent, .file(path.name), assertsFolder: asserts, side: side)
            case S_IFLNK: path = path.following(try target(of: number))
            default:
                throw SystemError(
                    "copy to", path.text, .invalidArgument, hint: "it is neither a folder nor a regular file")
            }
        }
        throw SystemError("follow the links of", original.text, .tooManyLinks)
    }

    private static func target(of link: Int32) throws(SystemError) -> String {
        var target = [CChar](repeating: 0, count: 4097)
        let count = try retrying("read", "a link") { readlinkat(link, "", &target, 4096) }
        return String(decoding: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The name in ``folder`` that the source gets; empty: what is in it goes there.
    ///
    /// - Throws: `EngineError`, where Docker refuses, too.
    func name(of source: borrowing CopySource) throws(EngineError) -> [UInt8] {
        switch state {
        case .folder: return source.name
        case .file where source.isFolder:
            throw .failure("cannot copy to \(side): a folder cannot be copied onto a file")
        case .file where assertsFolder: throw .failure("cannot copy to \(side): it is no folder")
        case .missing where assertsFolder && !source.isFolder:
            throw .failure("cannot copy to \(side): the folder does not exist; make it first")
        case .file(let name), .missing(let name): return Array(name.utf8)
        }
    }

    /// Throws unless it is a folder that is there, which an archive needs.
    func requireFolder() throws(EngineError) {
        guard case .folder = state else {
            throw .failure("cannot copy to \(side): an archive needs a folder that is there")
        }
    }
}
