internal import Glibc

/// The files of a layer in memory, without their content.
///
/// Files are numbers; names are found in one table by their folder and their bytes.
struct LayerTree: ~Copyable {
    typealias FileNumber = UInt32
    private typealias EntryNumber = UInt32

    static let root: FileNumber = 0
    private static let none = UInt32.max
    /// How many symbolic links may lie on one path, as in the kernel (MAXSYMLINKS).
    private static let maximumLinks = 40

    struct File {
        /// Kind and permissions.
        var mode: UInt16
        var owner: UInt32 = 0
        var group: UInt32 = 0
        var time = Moment(seconds: 0, nanoseconds: 0)
        /// Bytes of a file's content or a link's target.
        var size: Int64 = 0
        /// The first block of a file's content, a device's packed number, or where a link's target lies in `bytes`.
        var place: UInt32 = 0
        /// The folder that a folder lies in.
        var parent: FileNumber = LayerTree.root
        /// The head of a folder's list of entries.
        fileprivate var firstEntry: UInt32 = .max

        init(mode: UInt16) {
            self.mode = mode
        }

        var kind: UInt16 { mode & UInt16(S_IFMT) }
        var isFolder: Bool { kind == UInt16(S_IFDIR) }
        var isLink: Bool { kind == UInt16(S_IFLNK) }
    }

    private struct Entry {
        var folder: FileNumber
        /// `none` once it is gone.
        var file: FileNumber
        var nameStart: UInt32
        var nameCount: UInt32
        var next: EntryNumber
    }

    struct Attribute {
        var name: [UInt8]
        var value: [UInt8]
    }

    private(set) var files: [File] = [File(mode: UInt16(S_IFDIR) | 0o755)]
    /// Attributes are rare.
    private(set) var attributes: [FileNumber: [Attribute]] = [:]
    private var entries: [Entry] = []
    /// Names and targets of links, one after another.
    private var bytes: [UInt8] = []
    /// Places of entries, by hash; a power of two, at most half full.
    private var table = [EntryNumber](repeating: LayerTree.none, count: 1024)

    /// Bytes of memory that this takes, more or less.
    var memory: Int {
        files.count * MemoryLayout<File>.stride + entries.count * MemoryLayout<Entry>.stride + bytes.count
            + table.count * 4 + attributesMemory
    }
    private var attributesMemory = 0

    // MARK: - Files

    subscript(_ number: FileNumber) -> File {
        _read { yield files[Int(number)] }
        _modify { yield &files[Int(number)] }
    }

    /// Adds a file that has no name yet.
    mutating func add(_ file: File) -> FileNumber {
        files.append(file)
        return FileNumber(files.count - 1)
    }

    /// Keeps a link's target.
    ///
    /// - Returns: its place and its size.
    mutating func add(target: UnsafePointer<CChar>) -> (place: UInt32, size: Int64) {
        let count = strlen(target)
        let place = UInt32(bytes.count)
        bytes.append(contentsOf: UnsafeRawBufferPointer(start: target, count: count))
        return (place, Int64(count))
    }

    /// What a symbolic link says.
    func target(of file: File) -> ArraySlice<UInt8> { bytes[Int(file.place)..<Int(file.place) + Int(file.size)] }

    /// Sets an attribute, in the place of one of the same name.
    mutating func set(attribute name: UnsafePointer<CChar>, to value: UnsafeRawBufferPointer, of file: FileNumber) {
        let new = Attribute(
            name: Array(UnsafeRawBufferPointer(start: name, count: strlen(name))), value: Array(value))
        attributesMemory += new.name.count + new.value.count + 2 * MemoryLayout<Attribute>.stride
        attributes[file, default: []].removeAll { $0.name == new.name }
        attributes[file, default: []].append(new)
    }

    // MARK: - Names

    /// What has this name in a folder.
    func file(_ name: UnsafeRawBufferPointer, in folder: FileNumber) -> FileNumber? {
        let entry = table[slot(folder, name)]
        guard entry != Self.none, entries[Int(entry)].file != Self.none else { return nil }
        return entries[Int(entry)].file
    }

    /// Gives a file a name; whatever had it before loses it.
    mutating func put(_ file: FileNumber, as name: UnsafeRawBufferPointer, in folder: FileNumber) {
        if self[file].isFolder { self[file].parent = folder }
        let slot = slot(folder, name)
        if table[slot] != Self.none {
            entries[Int(table[slot])].file = file
            return
        }
        let number = EntryNumber(entries.count)
        entries.append(
            Entry(
                folder: folder, file: file, nameStart: UInt32(bytes.count), nameCount: UInt32(name.count),
                next: self[folder].firstEntry))
        bytes.append(contentsOf: name)
        self[folder].firstEntry = number
        table[slot] = number
        if entries.count * 2 > table.count { grow() }
    }

    /// What a folder has, in the order of the names' bytes.
    func contents(of folder: FileNumber) -> [(name: ArraySlice<UInt8>, file: FileNumber)] {
        var found: [(name: ArraySlice<UInt8>, file: FileNumber)] = []
        var next = self[folder].firstEntry
        while next != Self.none {
            let entry = entries[Int(next)]
            if entry.file != Self.none { found.append((name(of: entry), entry.file)) }
            next = entry.next
        }
        bytes.withUnsafeBytes { bytes in
            found.sort { first, second in
                let (one, other) = (first.name.indices, second.name.indices)
                guard let base = bytes.baseAddress else { return false }
                let order = memcmp(base + one.lowerBound, base + other.lowerBound, min(one.count, other.count))
                return order != 0 ? order < 0 : one.count < other.count
            }
        }
        return found
    }

    private func name(of entry: Entry) -> ArraySlice<UInt8> {
        bytes[Int(entry.nameStart)..<Int(entry.nameStart) + Int(entry.nameCount)]
    }

    /// Where in the table a name is, or would be put.
    ///
    /// The hash is seeded anew in each process: names that were chosen to collide do not.
    private func slot(_ folder: FileNumber, _ name: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(folder)
        hasher.combine(bytes: name)
        let mask = table.count - 1
        var slot = hasher.finalize() & mask
        return bytes.withUnsafeBytes { bytes in
            while table[slot] != Self.none {
                let entry = entries[Int(table[slot])]
                if entry.folder == folder, Int(entry.nameCount) == name.count,
                    let base = bytes.baseAddress, let start = name.baseAddress,
                    memcmp(base + Int(entry.nameStart), start, name.count) == 0
                {
                    break
                }
                slot = (slot + 1) & mask
            }
            return slot
        }
    }

    private mutating func grow() {
        table = [EntryNumber](repeating: Self.none, count: table.count * 4)
        for (number, entry) in entries.enumerated() {
            let slot = bytes.withUnsafeBytes { bytes in
                let start = Int(entry.nameStart)
                return self.slot(
                    entry.folder, UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(entry.nameCount)]))
            }
            table[slot] = EntryNumber(number)
        }
    }

    /// Whether a folder is another one, or lies somewhere above it.
    func `is`(_ folder: FileNumber, above other: FileNumber) -> Bool {
        guard self[folder].isFolder else { return false }
        var current = other
        while current != folder, current != LayerTree.root { current = self[current].parent }
        return current == folder
    }

    // MARK: - Paths

    /// The folder at a path; symbolic links on it are resolved below the root, as by openat2(RESOLVE_IN_ROOT).
    ///
    /// - Parameter time: folders that are missing are made, with this time; nil: none is.
    /// - Returns: nil where there is none, or something else is on the path.
    mutating func folder(at path: UnsafeRawBufferPointer, making time: Moment?) -> FileNumber? {
        var links = 0
        return walk(from: Self.root, path, making: time, &links)
    }

    private mutating func walk(
        from start: FileNumber, _ path: UnsafeRawBufferPointer, making time: Moment?, _ links: inout Int
    ) -> FileNumber? {
        var current = start
        for part in path.split(separator: UInt8(ascii: "/")) {
            let name = UnsafeRawBufferPointer(rebasing: part)
            if name.count == 1, name[0] == UInt8(ascii: ".") { continue }
            if name.count == 2, name[0] == UInt8(ascii: "."), name[1] == UInt8(ascii: ".") {
                current = self[current].parent
                continue
            }
            guard let found = file(name, in: current) else {
                guard let time else { return nil }
                var folder = File(mode: UInt16(S_IFDIR) | 0o755)
                folder.time = time
                let number = add(folder)
                put(number, as: name, in: current)
                current = number
                continue
            }
            if self[found].isLink {
                links += 1
                if links > Self.maximumLinks { return nil }
                let target = Array(target(of: self[found]))
                let isAbsolute = target.first == UInt8(ascii: "/")
                let next = target.withUnsafeBytes { bytes in
                    // What a link leads to is not made.
                    walk(from: isAbsolute ? Self.root : current, bytes, making: nil, &links)
                }
                guard let next else { return nil }
                current = next
            } else if self[found].isFolder {
                current = found
            } else {
                return nil
            }
        }
        return current
    }
}
