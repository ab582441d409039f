internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Copies a tree by descriptors, entry by entry: no path of the source is ever resolved, and no link followed.
struct TreeCopier {
    /// Two descriptors a level stay open; images nest folders far less deep.
    private static let maximumDepth = 200

    /// The copy's top folder, which hard links are made relative to.
    ///
    /// Only this copier writes there.
    let destinationRoot: Int32
    /// Where the first name of a file with several went.
    private var links: [FileIdentity: [CChar]] = [:]

    private struct FileIdentity: Hashable {
        let device: dev_t
        let inode: ino_t
    }

    init(destinationRoot: Int32) {
        self.destinationRoot = destinationRoot
    }

    /// - Parameter path: the folder's place below the top, as bytes with a slash at the end; empty for the top itself.
    mutating func copyFolder(
        from source: borrowing FileDescriptor, to destination: borrowing FileDescriptor, path: [CChar], depth: Int
    ) throws(SystemError) {
        guard depth < Self.maximumDepth else {
            throw SystemError(
                "copy", Self.text(path), Errno(ENAMETOOLONG),
                hint: "folders are nested more than \(Self.maximumDepth) deep")
        }
        for name in try Self.entries(of: source.rawValue) {
            try copyEntry(name, from: source, to: destination, path: path, depth: depth)
        }
        try Self.copyAttributes(from: source, to: destination, try source.status())
    }

    private mutating func copyEntry(
        _ name: [CChar], from source: borrowing FileDescriptor, to destination: borrowing FileDescriptor,
        path: [CChar], depth: Int
    ) throws(SystemError) {
        var status = stat()
        guard fstatat(source.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw SystemError("stat", Self.text(path + name), Errno.current)
        }
        let kind = status.st_mode & S_IFMT
        // An overlay's own marker for a removed file: only a bare layer shows it.
        if kind == S_IFCHR && status.st_rdev == 0 { return }
        let identity = FileIdentity(device: status.st_dev, inode: status.st_ino)
        if kind != S_IFDIR, status.st_nlink > 1 {
            if let first = links[identity] {
                guard linkat(destinationRoot, first, destination.rawValue, name, 0) == 0 else {
                    throw SystemError("link", Self.text(path + name), Errno.current)
                }
                return
            }
            links[identity] = path + name
        }
        switch kind {
        case S_IFDIR:
            let folder = try open(name, in: source, O_RDONLY | O_DIRECTORY)
            guard mkdirat(destination.rawValue, name, 0o700) == 0 else {
                throw SystemError("make folder", Self.text(path + name), Errno.current)
            }
            let copy = try open(name, in: destination, O_RDONLY | O_DIRECTORY)
            try copyFolder(
                from: folder, to: copy, path: path + name.dropLast() + [CChar(UInt8(ascii: "/"))], depth: depth + 1)
        case S_IFREG:
            let file = try open(name, in: source, O_RDONLY | O_NONBLOCK)
            let number = openat(destination.rawValue, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            guard number >= 0 else { throw SystemError("make", Self.text(path + name), Errno.current) }
            let copy = FileDescriptor(owning: number)
            try Self.copyContent(from: file, to: copy, size: status.st_size)
            try Self.copyAttributes(from: file, to: copy, status)
        case S_IFLNK: try copyLink(name, from: source, to: destination, status)
        case S_IFSOCK: break
        default: try copyNode(name, to: destination, status)
        }
    }

    private func open(
        _ name: [CChar], in folder: borrowing FileDescriptor, _ flags: Int32
    ) throws(SystemError) -> FileDescriptor {
        let number = openat(folder.rawValue, name, flags | O_NOFOLLOW | O_CLOEXEC)
        guard number >= 0 else { throw SystemError("open", Self.text(name), Errno.current) }
        return FileDescriptor(owning: number)
    }

    private func copyLink(
        _ name: [CChar], from source: borrowing FileDescriptor, to destination: borrowing FileDescriptor, _ status: stat
    ) throws(SystemError) {
        var target = [CChar](repeating: 0, count: 4097)
        let count = readlinkat(source.rawValue, name, &target, 4096)
        guard count >= 0 else { throw SystemError("read link", Self.text(name), Errno.current) }
        target[count] = 0
        guard symlinkat(target, destination.rawValue, name) == 0 else {
            throw SystemError("make link", Self.text(name), Errno.current)
        }
        try changeOwner(name, in: destination, status)
    }

    private func copyNode(
        _ name: [CChar], to destination: borrowing FileDescriptor, _ status: stat
    ) throws(SystemError) {
        guard mknodat(destination.rawValue, name, status.st_mode, status.st_rdev) == 0 else {
            throw SystemError("make node", Self.text(name), Errno.current)
        }
        try changeOwner(name, in: destination, status)
        // mknod is subject to the umask. The node was made just now and is no link.
        guard fchmodat(destination.rawValue, name, status.st_mode & 0o7777, 0) == 0 else {
            throw SystemError("change the mode of", Self.text(name), Errno.current)
        }
    }

    private func changeOwner(
        _ name: [CChar], in folder: borrowing FileDescriptor, _ status: stat
    ) throws(SystemError) {
        guard fchownat(folder.rawValue, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw SystemError("change the owner of", Self.text(name), Errno.current)
        }
    }

    /// Holes stay holes: a sparse file of exabytes in the image must not fill the disk.
    private static func copyContent(
        from source: borrowing FileDescriptor, to destination: borrowing FileDescriptor, size: off_t
    ) throws(SystemError) {
        // SEEK_DATA and SEEK_HOLE of lseek(2), which the importer hides.
        let (seekData, seekHole): (Int32, Int32) = (3, 4)
        let (input, output) = (source.rawValue, destination.rawValue)
        var offset: off_t = 0
        while offset < size {
            let start = lseek(input, offset, seekData)
            // ENXIO: nothing but a hole is left.
            if start < 0 && Errno.current == Errno(ENXIO) { break }
            let from = start < 0 ? offset : start
            let hole = start < 0 ? size : lseek(input, from, seekHole)
            let end = hole < 0 ? size : hole
            try retrying("seek in", "the copy") { lseek(output, from, SEEK_SET) }
            var position = from
            while position < end {
                let count = min(end - position, 1 << 30)
                let sent = withUnsafeMutablePointer(to: &position) { pointer in
                    nb_syscall6(
                        Int(SYS_sendfile), Int(output), Int(input), Int(bitPattern: pointer), Int(count), 0, 0)
                }
                try checked(sent, "copy", "a file into the volume")
                if sent == 0 { break }
            }
            offset = max(end, offset + 1)
        }
        try retrying("set the size of", "the copy") { ftruncate(output, size) }
    }

    /// Owner before mode (a change of owner clears set-user-ID bits) and before capabilities, times last.
    private static func copyAttributes(
        from source: borrowing FileDescriptor, to destination: borrowing FileDescriptor, _ status: stat
    ) throws(SystemError) {
        let output = destination.rawValue
        try retrying("change the owner of", "a copy") { fchown(output, status.st_uid, status.st_gid) }
        try retrying("change the mode of", "a copy") { fchmod(output, status.st_mode & 0o7777) }
        try copyExtendedAttributes(from: source.rawValue, to: output)
        let times = [status.st_atim, status.st_mtim]
        try retrying("set the times of", "a copy") { futimens(output, times) }
    }

    private static func copyExtendedAttributes(from input: Int32, to output: Int32) throws(SystemError) {
        // 64 KiB: the kernel's limit for the names together, and for one value (xattr(7)).
        let limit = 1 << 16
        var buffer = [UInt8](repeating: 0, count: limit)
        let size = try checked(call(SYS_flistxattr, input, nil, &buffer, limit), "list attributes of", "a file")
        for name in buffer[..<size].split(separator: 0) {
            let bytes = Array(name) + [0]
            let text = String(decoding: name, as: UTF8.self)
            // What steers overlayfs is not part of the image's files.
            if text.hasPrefix("trusted.overlay.") || text.hasPrefix("user.overlay.") { continue }
            let count = try checked(call(SYS_fgetxattr, input, bytes, &buffer, limit), "read attribute", text)
            do {
                try checked(call(SYS_fsetxattr, output, bytes, &buffer, count), "set attribute", text)
            } catch  where error.errno == .notSupported {
                continue
            }
        }
    }

    /// The system call itself, since the importer hides the C library's wrapper; flistxattr has no name argument.
    static func call(
        _ number: Int32, _ file: Int32, _ name: [UInt8]?, _ value: inout [UInt8], _ size: Int
    ) -> Int {
        value.withUnsafeMutableBytes { value in
            let address = Int(bitPattern: value.baseAddress)
            guard let name else { return nb_syscall6(Int(number), Int(file), address, size, 0, 0, 0) }
            return name.withUnsafeBytes {
                nb_syscall6(Int(number), Int(file), Int(bitPattern: $0.baseAddress), address, size, 0, 0)
            }
        }
    }

    static func entries(of folder: Int32) throws(SystemError) -> [[CChar]] {
        let listing = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard listing >= 0 else { throw SystemError("list", "a folder", Errno.current) }
        guard let stream = fdopendir(listing) else {
            close(listing)
            throw SystemError("list", "a folder", Errno.current)
        }
        defer { closedir(stream) }
        var result: [[CChar]] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
                }
            }
            if name != [46, 0] && name != [46, 46, 0] { result.append(name) }
        }
        return result
    }

    static func text(_ bytes: [CChar]) -> String {
        String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
