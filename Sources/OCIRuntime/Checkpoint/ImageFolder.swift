internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// A folder of the host with what criu has written, or where it writes.
///
/// Whoever can write there decides what runs with a restored container's rights, and where a dump goes. So it must be one that
/// nobody else can write to, and no link that somebody else may have put there.
struct ImageFolder: ~Copyable {
    /// Absolute.
    let path: String
    let descriptor: FileDescriptor

    private init(_ path: String, _ descriptor: consuming FileDescriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    /// Opens a folder, made first where it is missing.
    ///
    /// - Throws: `LaunchError`.
    static func make(_ path: String) throws(LaunchError) -> ImageFolder {
        let path = plain(path)
        do throws(SystemError) {
            try StoredFile.makeFolder(path, mode: 0o700, parents: 0o700)
        } catch {
            throw LaunchError(error)
        }
        return try open(path)
    }

    /// Opens a folder.
    ///
    /// - Throws: `LaunchError`.
    static func open(_ path: String) throws(LaunchError) -> ImageFolder {
        let path = plain(path)
        do throws(SystemError) {
            let folder = try openFolder(path)
            try checkOwner(folder, path)
            return ImageFolder(Bundle.absolute(path), folder)
        } catch {
            throw LaunchError(error)
        }
    }

    /// Opens the folder of an earlier image, relative to this one.
    ///
    /// - Throws: `LaunchError`.
    borrowing func checkParent(_ name: String) throws(LaunchError) {
        guard !name.begins(with: "/") else {
            throw LaunchError("cannot use --parent-path \(name): it must be relative")
        }
        do throws(SystemError) {
            let folder = try descriptor.open(name, O_RDONLY | O_DIRECTORY)
            try Self.checkOwner(folder, name)
        } catch {
            throw LaunchError("cannot use --parent-path: \(error)")
        }
    }

    /// A small file; nil when there is none.
    ///
    /// - Throws: `SystemError`.
    borrowing func readFile(_ name: String, limit: Int) throws(SystemError) -> [UInt8]? {
        let file: FileDescriptor
        do {
            // A FIFO would be waited for.
            file = try descriptor.open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        } catch  where error.errno == .noSuchFile {
            return nil
        }
        guard try file.status().st_mode & S_IFMT == S_IFREG else {
            throw SystemError("read", "\(path)/\(name)", .invalidArgument, hint: "it is no regular file")
        }
        return try file.readAll(limit: limit)
    }

    /// Writes a small file.
    ///
    /// - Throws: `SystemError`.
    borrowing func writeFile(_ name: String, _ bytes: [UInt8]) throws(SystemError) {
        let folder = descriptor.rawValue
        // What is there may be a link.
        if unlinkat(folder, name, 0) != 0, Errno.current != .noSuchFile {
            throw SystemError("replace", "\(path)/\(name)", .current)
        }
        try descriptor.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW).writeAll(bytes)
    }

    /// What criu has complained of in its log, without where in its source that was.
    borrowing func complaint(in log: String) -> String? {
        guard let file = try? descriptor.open(log, O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
            let status = try? file.status(), status.st_mode & S_IFMT == S_IFREG
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = pread(file.rawValue, &bytes, bytes.count, max(status.st_size - bytes.count, 0))
        return Self.complaint(inText: String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self))
    }

    /// The last error of a log, but for that everything has failed.
    static func complaint(inText text: String) -> String? {
        let errors = text.split(whereSeparator: \.isNewline).compactMap { line -> String? in
            guard let start = line.place(of: "Error (") else { return nil }
            return plainError(String(line[start.lowerBound...]))
        }
        return errors.last { !$0.ends(with: " FAILED.") && $0.place(of: " failed with ") == nil } ?? errors.last
    }

    /// An error of criu's without its place in criu's source: `Error (criu/files.c:1): words`.
    static func plainError(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        guard line.begins(with: "Error ("), let end = line.place(of: "): ") else { return line }
        return String(line[end.upperBound...])
    }

    /// A slash at the end would make the kernel follow a link.
    private static func plain(_ path: String) -> String {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Opens a folder, or the one that links of our own lead to (containerd's work folder is such a link).
    private static func openFolder(_ path: String, links: Int = 8) throws(SystemError) -> FileDescriptor {
        do throws(SystemError) {
            return try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        } catch {
            // The kernel says of a link that it is no folder.
            guard error.errno == .notDirectory, let target = StoredFile.link(path) else { throw error }
            let end = path.utf8.lastIndex(of: UInt8(ascii: "/"))
            let parent = end.map { path[..<$0].isEmpty ? "/" : String(path[..<$0]) } ?? "."
            // In a folder with the sticky bit, too, anybody may have put a link of root's.
            guard links > 0, FolderOwner.isOwn(try FileDescriptor.open(parent, O_RDONLY | O_DIRECTORY).status()) else {
                throw SystemError(
                    "open", path, .notDirectory,
                    hint: "it is a link that somebody else may have put there; name the folder itself")
            }
            return try openFolder(plain(target.begins(with: "/") ? target : "\(parent)/\(target)"), links: links - 1)
        }
    }

    private static func checkOwner(_ folder: borrowing FileDescriptor, _ path: String) throws(SystemError) {
        guard FolderOwner.isOwn(try folder.status()) else {
            throw SystemError(
                "use", path, .notPermitted,
                hint: "it must be a folder of your own that nobody else may write to: what is there would run as root")
        }
    }
}

extension StringProtocol {
    /// Where a text stands first.
    fileprivate func place(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].begins(with: text) { return start..<index(start, offsetBy: text.count) }
            formIndex(after: &start)
        }
        return nil
    }
}
