internal import CArchive
internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Writes a file, or a folder with all below it, into a tar archive, while others may be changing it.
///
/// Each file is opened with O_PATH first and looked at: only a regular file is opened for reading, and that by its own
/// descriptor, so nothing that takes its place meanwhile (a fifo, a device, a link to elsewhere) is ever opened. No link is
/// followed. Names are sorted, so the same files give the same bytes.
struct TreeArchiver: ~Copyable {
    /// What the archive is for.
    enum Purpose {
        /// A copy: devices and what the kernel itself shows as files are left out.
        case copy
        /// All of a root file system but its sockets.
        case root
        /// A layer from the upper folder of an overlay: its marks for what was deleted become those of the specification.
        case layer
    }

    /// Which file it is, for finding a second name.
    private struct Identity: Hashable {
        var device: dev_t
        var inode: ino_t
    }

    /// A folder needs a descriptor at each level.
    private static let maximumDepth = 200

    private var writer: TarWriter
    private let purpose: Purpose
    let ids: IDShift
    private var links: [Identity: [UInt8]] = [:]
    /// What was asked for.
    private var top: [UInt8] = []
    /// Entries written so far.
    private(set) var entries = 0
    /// What could not be copied, with the reason, for a person to read.
    private(set) var leftOut: [String] = []

    /// - Parameters:
    ///   - ids: what the host's ids stand for.
    ///   - write: takes the archive's bytes.
    init(_ purpose: Purpose, ids: IDShift, write: @escaping (UnsafeRawBufferPointer) throws -> Void) {
        self.purpose = purpose
        self.ids = ids
        writer = TarWriter(write)
    }

    /// Bytes written so far.
    var count: Int64 { writer.count }

    /// Writes an open file (O_PATH) and all below it.
    ///
    /// - Parameter path: its name in the archive; empty: only what is in the folder.
    /// - Throws: `SystemError`, and what `write` throws.
    mutating func add(_ file: Int32, as path: [UInt8]) throws {
        var status = stat()
        try retrying("look at", Self.text(path)) { fstat(file, &status) }
        top = path
        try add(file, status, as: path, depth: 0)
    }

    /// Ends the archive.
    ///
    /// - Throws: what `write` throws.
    mutating func finish() throws { try writer.finish() }

    private mutating func add(_ file: Int32, _ status: stat, as path: [UInt8], depth: Int) throws {
        var entry = TarEntry(
            kind: .file, path: path, permissions: status.st_mode & 0o7777, userID: ids.inside(status.st_uid),
            groupID: ids.inside(status.st_gid), time: Int64(status.st_mtim.tv_sec))
        let kind = status.st_mode & S_IFMT
        if kind != S_IFDIR, status.st_nlink > 1, try addLink(entry, status) { return }
        switch kind {
        case S_IFDIR: return try addFolder(file, entry, depth: depth)
        case S_IFREG: return try addFile(file, entry, status)
        case S_IFLNK:
            entry.kind = .symbolicLink
            entry.target = try Self.target(of: file, path)
        case S_IFIFO: entry.kind = .fifo
        case S_IFCHR, S_IFBLK:
            guard purpose != .copy else { return try leaveOut(path, "is a device") }
            entry.kind = kind == S_IFCHR ? .characterDevice : .blockDevice
            let number = UInt64(status.st_rdev)
            // As in sys/sysmacros.h.
            entry.device = (
                UInt32(number >> 8 & 0xfff) | UInt32(truncatingIfNeeded: number >> 32 & 0xffff_f000),
                UInt32(number & 0xff) | UInt32(truncatingIfNeeded: number >> 12 & 0xffff_ff00)
            )
        default: return try leaveOut(path, "is a socket")
        }
        try start(entry)
    }

    private mutating func start(_ entry: TarEntry) throws {
        entries += 1
        try writer.start(entry)
    }

    /// Passes over something in a folder; what was asked for itself is a failure.
    private mutating func leaveOut(_ path: [UInt8], _ reason: String) throws(SystemError) {
        // Sockets mean nothing without the process behind them: nobody misses them in an image.
        guard purpose == .copy else { return }
        guard path != top else {
            throw SystemError("copy", Self.text(path), .notSupported, hint: "it \(reason)")
        }
        if leftOut.count < 100 { leftOut.append("\(Self.text(path)) was not copied: it \(reason)") }
    }

    /// Writes a further name of a file that the archive has already; false for the first.
    private mutating func addLink(_ entry: TarEntry, _ status: stat) throws -> Bool {
        let identity = Identity(device: status.st_dev, inode: status.st_ino)
        guard let first = links[identity] else {
            links[identity] = entry.path
            return false
        }
        var entry = entry
        entry.kind = .hardLink
        entry.target = first
        try start(entry)
        return true
    }

    // MARK: - Folders

    private mutating func addFolder(_ file: Int32, _ entry: TarEntry, depth: Int) throws {
        guard depth < Self.maximumDepth else {
            throw SystemError(
                "copy", Self.text(entry.path), Errno(ENAMETOOLONG),
                hint: "folders are nested more than \(Self.maximumDepth) deep")
        }
        // An O_PATH descriptor cannot be listed; "." of it is the folder itself, whatever has its name now.
        let folder = FileDescriptor(
            owning: try retrying("open", Self.text(entry.path)) {
                openat(file, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            })
        let number = folder.rawValue
        if !entry.path.isEmpty {
            var entry = entry
            entry.kind = .folder
            entry.attributes = try attributes(of: number)
            try start(entry)
        }
        if purpose == .copy, SpecialFileSystem.has(number) { return }
        if purpose == .layer {
            let overlay = try ExtendedAttributes.names(of: number).filter { $0.starts(with: "trusted.overlay.".utf8) }
            if overlay.contains(where: { $0.elementsEqual("trusted.overlay.redirect".utf8) }) {
                throw SystemError(
                    "read", Self.text(entry.path), .notSupported,
                    hint: "overlayfs has renamed the folder in place; mount without redirect_dir")
            }
            if try ExtendedAttributes.value("trusted.overlay.opaque", of: number) == Array("y".utf8) {
                try addMark(".wh..wh..opq", in: entry.path)
            }
        }
        var names: [[CChar]] = []
        try TreeRemover.forEachName(in: number) { name in
            names.append(Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1)))
        }
        names.sort {
            $0.lazy.map(UInt8.init(bitPattern:)).lexicographicallyPrecedes($1.lazy.map(UInt8.init(bitPattern:)))
        }
        for name in names { try addChild(name, of: number, entry.path, depth: depth) }
    }

    private mutating func addChild(_ name: [CChar], of folder: Int32, _ parent: [UInt8], depth: Int) throws {
        let leaf = name.dropLast().map(UInt8.init(bitPattern:))
        let path = parent.isEmpty ? leaf : parent + [UInt8(ascii: "/")] + leaf
        let number = openat(folder, name, NB_O_PATH | O_NOFOLLOW | O_CLOEXEC)
        guard number >= 0 else {
            let errno = Errno.current
            // Somebody has removed it meanwhile.
            if errno == .noSuchFile { return }
            throw SystemError("open", Self.text(path), errno)
        }
        let file = FileDescriptor(owning: number)
        let status = try file.status()
        if status.st_mode & S_IFMT == S_IFCHR, status.st_rdev == 0 {
            // An overlay's own mark, which only a bare layer shows.
            if purpose == .layer { try addMark(".wh." + String(decoding: leaf, as: UTF8.self), leaf: leaf, in: parent) }
            return
        }
        try add(number, status, as: path, depth: depth + 1)
    }

    /// Writes an empty file that stands for something deleted.
    private mutating func addMark(_ name: String, leaf: [UInt8]? = nil, in folder: [UInt8]) throws {
        let bytes = leaf.map { Array(".wh.".utf8) + $0 } ?? Array(name.utf8)
        let path = folder.isEmpty ? bytes : folder + [UInt8(ascii: "/")] + bytes
        try start(TarEntry(kind: .file, path: path, permissions: 0))
    }

    // MARK: - Files

    private mutating func addFile(_ place: Int32, _ entry: TarEntry, _ status: stat) throws {
        if purpose == .copy, SpecialFileSystem.has(place) { return try leaveOut(entry.path, "is the kernel's own") }
        // By its descriptor: what is opened is what was looked at.
        let file = try FileDescriptor.open("/proc/self/fd/\(place)", O_RDONLY | O_NONBLOCK | O_NOCTTY)
        let number = file.rawValue
        var entry = entry
        entry.size = Int64(status.st_size)
        entry.attributes = try attributes(of: number)
        if purpose == .layer,
            try ExtendedAttributes.names(of: number).contains(where: {
                $0.elementsEqual("trusted.overlay.metacopy".utf8)
            })
        {
            throw SystemError(
                "read", Self.text(entry.path), .notSupported,
                hint: "overlayfs keeps its content elsewhere; mount without metacopy")
        }
        entry.segments = FileHoles.segments(of: number, status)
        try start(entry)
        for segment in entry.segments ?? [TarEntry.Segment(offset: 0, count: entry.size)] {
            try writeData(segment, of: number, entry.path)
        }
    }

    /// Exactly the segment's bytes; zeros where the file has become shorter meanwhile.
    private mutating func writeData(_ segment: TarEntry.Segment, of file: Int32, _ path: [UInt8]) throws {
        var offset = segment.offset
        let end = segment.offset + segment.count
        try withUnsafeTemporaryAllocation(byteCount: ChunkRing.chunkSize, alignment: 4096) { buffer in
            while offset < end {
                let wanted = Int(min(end - offset, Int64(buffer.count)))
                var count = try retrying("read", Self.text(path)) {
                    pread(file, buffer.baseAddress, wanted, off_t(offset))
                }
                if count == 0 {
                    buffer.initializeMemory(as: UInt8.self, repeating: 0)
                    count = wanted
                }
                try writer.writeData(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                offset += Int64(count)
            }
        }
    }

    static func text(_ path: [UInt8]) -> String {
        path.isEmpty ? "." : String(decoding: path.prefix(256), as: UTF8.self)
    }
}
