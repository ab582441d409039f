import CLinux
import Glibc
import LinuxSystem

@testable import ImageStore

/// All that can be seen of a tree, one line a file, in the order of the paths.
enum TreeDescription {
    static func of(_ root: consuming FileDescriptor) throws -> String {
        var lines: [String] = []
        var inodes: [UInt64: String] = [:]
        let status = try root.status()
        // The root's time is the archive's only where it has an entry for it.
        lines.append(
            "/ \(String(status.st_mode, radix: 8)) \(status.st_uid):\(status.st_gid) \(attributes(root.rawValue))")
        try describe(root, "", &lines, &inodes)
        return lines.joined(separator: "\n")
    }

    private static func describe(
        _ folder: borrowing FileDescriptor, _ path: String, _ lines: inout [String],
        _ inodes: inout [UInt64: String]
    ) throws {
        var names: [[UInt8]] = []
        try TreeRemover.forEachName(in: folder.rawValue) { name in
            names.append(Array(UnsafeRawBufferPointer(start: name, count: strlen(name))))
        }
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let text = String(decoding: name, as: UTF8.self)
            let place = "\(path)/\(text)"
            let file = try folder.open(text, NB_O_PATH | O_NOFOLLOW)
            let status = try file.status()
            var line =
                "\(place) \(String(status.st_mode, radix: 8)) \(status.st_uid):\(status.st_gid) links \(status.st_nlink)"
            // Folders and whiteouts that the archive has no entry for have the time of their making.
            let isOwn = status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0 || status.st_mode & S_IFMT == S_IFDIR
            if !isOwn { line += " time \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)" }
            switch status.st_mode & S_IFMT {
            case S_IFREG:
                let opened = try folder.open(text, O_RDONLY | O_NOFOLLOW)
                let content = try opened.readAll(limit: 1 << 30)
                line += " \(status.st_size) \(try StreamDigest.of(content).digest) \(attributes(opened.rawValue))"
                line += " same as \(inodes[UInt64(status.st_ino)] ?? "none")"
                inodes[UInt64(status.st_ino)] = inodes[UInt64(status.st_ino)] ?? place
            case S_IFLNK:
                var target = [CChar](repeating: 0, count: 4097)
                let count = readlinkat(folder.rawValue, text, &target, 4096)
                line +=
                    " \(count) \(String(decoding: target.prefix(max(count, 0)).map(UInt8.init(bitPattern:)), as: UTF8.self))"
            case S_IFCHR, S_IFBLK: line += " device \(status.st_rdev)"
            default: break
            }
            if status.st_mode & S_IFMT == S_IFDIR {
                let inner = try folder.open(text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                lines.append("\(line) \(attributes(inner.rawValue))")
                try describe(inner, place, &lines, &inodes)
            } else {
                lines.append(line)
            }
        }
    }

    private static func attributes(_ file: Int32) -> String {
        let names =
            ["user.one", "user.two", "user.large", "user.overlay.opaque", "security.capability"]
            + ["trusted.overlay.opaque", "trusted.overlay.redirect"]
        return names.compactMap { name in
            guard let value = try? ExtendedAttributes.value(name, of: file) else { return nil }
            return "\(name)=\(String(decoding: value, as: UTF8.self))"
        }.joined(separator: ",")
    }
}
