internal import Glibc
internal import LinuxSystem

/// How many bytes the files below a folder have, as Docker counts what removing them gives back.
///
/// A container may have made what is there: no link is followed and no mount is entered.
struct TreeSize {
    /// One descriptor for each level stays open.
    ///
    /// What lies deeper is not counted: it is an answer for people.
    private static let maximumDepth = 64

    private let device: dev_t
    /// The files with several names that were counted.
    private var counted: Set<ino_t> = []
    private var bytes: Int64 = 0

    /// The bytes in regular files and links: each file once, however many names it has, and no more than it takes on the disk.
    ///
    /// What cannot be looked at is not counted.
    static func bytes(below path: String) -> Int64 {
        let number = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard number >= 0 else { return 0 }
        var status = stat()
        guard fstat(number, &status) == 0 else {
            close(number)
            return 0
        }
        var size = TreeSize(device: status.st_dev)
        size.add(folder: number, depth: 1)
        return size.bytes
    }

    private init(device: dev_t) {
        self.device = device
    }

    /// Counts a folder, and closes its descriptor.
    private mutating func add(folder: Int32, depth: Int) {
        guard let stream = fdopendir(folder) else {
            close(folder)
            return
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            // Bytes, not a String: a name need not be UTF-8.
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
                }
            }
            if name == [46, 0] || name == [46, 46, 0] { continue }
            var status = stat()
            guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_dev == device else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                guard depth < Self.maximumDepth else { continue }
                let inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                if inner >= 0 { add(folder: inner, depth: depth + 1) }
            case S_IFREG where status.st_nlink < 2 || counted.insert(status.st_ino).inserted:
                // A sparse file may claim exabytes.
                add(
                    min(
                        Int64(status.st_size), Int64(status.st_blocks).multipliedReportingOverflow(by: 512).partialValue
                    ))
            case S_IFLNK: add(Int64(status.st_size))
            default: break
            }
        }
    }

    private mutating func add(_ count: Int64) {
        let (sum, isTooMuch) = bytes.addingReportingOverflow(count)
        bytes = isTooMuch ? .max : sum
    }
}
