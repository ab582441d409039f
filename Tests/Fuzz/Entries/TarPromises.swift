import Glibc
@testable import ImageStore
import LinuxSystem

/// What unpacking a layer promises: nothing outside its folder is touched, and nothing is left of one that is refused.
enum TarPromises {
    static func check(_ bytes: [UInt8]) throws {
        var template = Array("/dev/shm/nestbox-fuzz-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno.current }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            if let open = try? FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY) {
                var remover = TreeRemover(scratch: open.rawValue)
                try? remover.removeScratch()
            }
            rmdir(folder)
        }
        for name in ["layer", "scratch", "outside"] { mkdir("\(folder)/\(name)", 0o755) }
        try FileDescriptor.open("\(folder)/outside/file", O_WRONLY | O_CREAT).writeAll([1, 2, 3])
        let before = try state(folder)
        unpack(bytes, folder)
        try demand(try state(folder) == before, "something outside the layer has changed")
        try unpackIntoImage(bytes, "\(folder)/image")
    }

    /// An image is written by us alone, so all that can go wrong is in here.
    private static func unpackIntoImage(_ bytes: [UInt8], _ path: String) throws {
        let file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_EXCL)
        var unpacker = LayerUnpacker(into: try ErofsLayer(file, name: "layer"), limits: limits)
        guard let reader = try? reader(bytes) else { return }
        _ = try? unpacker.unpack(reader)
    }

    private static let limits = UnpackLimits(
        unpackedSize: 1 << 20, entries: 200, fileSize: 1 << 20, headerSize: 64 << 10)

    private static func reader(_ bytes: [UInt8]) throws -> ArchiveReader {
        try ArchiveReader(
            MemorySource(bytes), format: .compressedTar, name: "layer", headerLimit: limits.headerSize)
    }

    private static func unpack(_ bytes: [UInt8], _ folder: String) {
        // Attackers may know where they are: what they name outside is there.
        guard let root = try? FileDescriptor.open("\(folder)/layer", O_RDONLY | O_DIRECTORY),
            let scratch = try? FileDescriptor.open("\(folder)/scratch", O_RDONLY | O_DIRECTORY)
        else { return }
        var unpacker = LayerUnpacker(into: FolderLayer(root: root.rawValue, scratch: scratch.rawValue), limits: limits)
        guard let reader = try? reader(bytes) else { return }
        _ = try? unpacker.unpack(reader)
    }

    /// What is outside, and everything that could be changed about it.
    private static func state(_ folder: String) throws -> [String] {
        var lines: [String] = []
        for path in ["", "/outside", "/outside/file"] {
            var status = stat()
            guard lstat(folder + path, &status) == 0 else { throw Errno.current }
            var line = "\(status.st_mode) \(status.st_uid) \(status.st_gid) \(status.st_nlink)"
            if path != "" { line += " \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(status.st_size)" }
            lines.append(line)
        }
        var names: [String] = []
        for path in [folder, "\(folder)/outside"] {
            let open = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
            try TreeRemover.forEachName(in: open.rawValue) { names.append(String(cString: $0)) }
        }
        return lines + names.sorted()
    }
}
