internal import LinuxSystem
internal import OCISpec

/// The mounts of a mount namespace (proc_pid_mountinfo(5)).
struct MountTable {
    struct Entry: Hashable {
        /// What of the file system is mounted.
        var root: String
        /// Where, as the process sees it.
        var point: String
        /// Of the mount, not of its file system.
        var options: [String]
        var type: String
    }

    /// In the order in which they were mounted over one another.
    let entries: [Entry]

    /// Reads the mounts of a process.
    ///
    /// - Parameter process: its pid, or `self`.
    /// - Throws: `SystemError`.
    static func read(of process: String) throws(SystemError) -> MountTable {
        let bytes = try FileDescriptor.open("/proc/\(process)/mountinfo").readAll()
        return MountTable(String(decoding: bytes, as: UTF8.self))
    }

    init(_ text: String) {
        entries = Array(text.utf8).split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " "))
            guard let dash = fields.firstIndex(where: { $0.elementsEqual([UInt8(ascii: "-")]) }), dash > 5,
                fields.count > dash + 1
            else { return nil }
            return Entry(
                root: MountInfoText.unescaped(fields[3]), point: MountInfoText.unescaped(fields[4]),
                options: fields[5].split(separator: UInt8(ascii: ",")).map { String(decoding: $0, as: UTF8.self) },
                type: String(decoding: fields[dash + 1], as: UTF8.self))
        }
    }

    /// What is mounted there on top; nil: nothing is.
    func top(at point: String) -> Entry? { entries.last { $0.point == point } }

    /// Where something is mounted below a folder, the folder itself left out.
    func points(below folder: String) -> [String] {
        let prefix = folder == "/" ? "/" : "\(folder)/"
        var seen: Set<String> = []
        return entries.map(\.point).filter { $0.begins(with: prefix) && $0 != prefix && seen.insert($0).inserted }
    }
}
