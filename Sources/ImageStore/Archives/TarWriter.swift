/// Writes a tar archive: POSIX.1-1988 headers, and pax headers (POSIX.1-2001) where their fields are too small.
///
/// The same entries give the same bytes. libarchive can write, too, but its pax writer converts names by the locale, and
/// its static archive ties in compressors (lzma, bzip2) that nothing here uses.
struct TarWriter {
    private static let blockSize = 512

    private let write: (UnsafeRawBufferPointer) throws -> Void
    /// Bytes written so far.
    private(set) var count: Int64 = 0
    /// Bytes of data that the entry still needs.
    private var rest: Int64 = 0

    /// - Parameter write: takes the archive's next bytes, which are valid during the call only.
    init(_ write: @escaping (UnsafeRawBufferPointer) throws -> Void) {
        self.write = write
    }

    /// Starts an entry; its data follows by ``writeData(_:)``.
    ///
    /// That of a file with holes is the bytes of its segments, one after the other.
    ///
    /// - Throws: what `write` throws.
    mutating func start(_ entry: TarEntry) throws {
        try padData()
        var entry = entry
        var records = Self.records(of: entry)
        var map: [UInt8] = []
        if let segments = entry.segments {
            map = Self.map(of: segments)
            records += [
                ("GNU.sparse.major", Array("1".utf8)), ("GNU.sparse.minor", Array("0".utf8)),
                ("GNU.sparse.name", entry.path), ("GNU.sparse.realsize", Array(String(entry.size).utf8)),
            ]
            entry.path = Self.sparseName(entry.path)
            entry.size = Int64(map.count) + segments.reduce(0) { $0 + $1.count }
        }
        if entry.size > Self.largest(digits: 11) { records.append(("size", Array(String(entry.size).utf8))) }
        if !records.isEmpty {
            // A record's length counts its own digits.
            let bytes = records.flatMap { Self.record($0.name, $0.value) }
            let leaf = entry.path.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? []
            try put(Self.header(type: UInt8(ascii: "x"), path: Array("PaxHeaders/".utf8) + leaf, size: bytes.count))
            try put(bytes + Self.padding(after: Int64(bytes.count)))
        }
        try put(Self.header(of: entry))
        rest = entry.kind == .file ? entry.size : 0
        if !map.isEmpty { try writeData(map) }
    }

    /// Takes the next bytes of the entry's data; what is more than its size is left out.
    ///
    /// - Throws: what `write` throws.
    mutating func writeData(_ bytes: UnsafeRawBufferPointer) throws {
        let taken = Int(min(Int64(bytes.count), rest))
        guard taken > 0 else { return }
        try write(UnsafeRawBufferPointer(rebasing: bytes[..<taken]))
        rest -= Int64(taken)
        count += Int64(taken)
    }

    /// As ``writeData(_:)`` for bytes in an array.
    ///
    /// - Throws: what `write` throws.
    mutating func writeData(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try writeData($0) }
    }

    /// Ends the archive.
    ///
    /// - Throws: what `write` throws.
    mutating func finish() throws {
        try padData()
        try put([UInt8](repeating: 0, count: 2 * Self.blockSize))
    }

    /// Fills the entry up: with zeros for data that did not come, because the file was cut short meanwhile.
    private mutating func padData() throws {
        let zeros = [UInt8](repeating: 0, count: 64 << 10)
        while rest > 0 { try zeros.withUnsafeBytes { try writeData($0) } }
        try put(Self.padding(after: count))
    }

    private mutating func put(_ bytes: [UInt8]) throws {
        guard !bytes.isEmpty else { return }
        try bytes.withUnsafeBytes { try write($0) }
        count += Int64(bytes.count)
    }

    private static func padding(after count: Int64) -> [UInt8] {
        [UInt8](repeating: 0, count: (blockSize - Int(count % Int64(blockSize))) % blockSize)
    }
}

// MARK: - Headers

extension TarWriter {
    /// The largest number that a field of so many octal digits holds.
    private static func largest(digits: Int) -> Int64 { 1 << (3 * Int64(digits)) - 1 }

    /// What the header's fields cannot say.
    private static func records(of entry: TarEntry) -> [(name: String, value: [UInt8])] {
        var result: [(name: String, value: [UInt8])] = []
        func add(_ name: String, _ number: Int64) { result.append((name, Array(String(number).utf8))) }
        let isLong = (entry.path.count + (entry.kind == .folder ? 1 : 0) > 100, entry.target.count > 100)
        if isLong.0, entry.segments == nil {
            result.append(("path", entry.path + (entry.kind == .folder ? [UInt8(ascii: "/")] : [])))
        }
        if isLong.1 { result.append(("linkpath", entry.target)) }
        if !result.isEmpty, result.contains(where: { String(validating: $0.value, as: UTF8.self) == nil }) {
            // Values of pax headers are UTF-8 unless this says that they are any bytes.
            result.insert(("hdrcharset", Array("BINARY".utf8)), at: 0)
        }
        if Int64(entry.userID) > largest(digits: 7) { add("uid", Int64(entry.userID)) }
        if Int64(entry.groupID) > largest(digits: 7) { add("gid", Int64(entry.groupID)) }
        if !(0...largest(digits: 11)).contains(entry.time) { add("mtime", entry.time) }
        for (name, value) in entry.attributes {
            result.append(("SCHILY.xattr." + String(decoding: name, as: UTF8.self), value))
        }
        return result
    }

    /// `LENGTH NAME=VALUE` and a newline.
    private static func record(_ name: String, _ value: [UInt8]) -> [UInt8] {
        let content = Array(" \(name)=".utf8) + value + [UInt8(ascii: "\n")]
        var length = content.count
        while String(length).utf8.count + content.count != length { length = String(length).utf8.count + content.count }
        return Array(String(length).utf8) + content
    }

    /// The map that stands before the data of a file with holes (GNU's sparse format 1.0).
    private static func map(of segments: [TarEntry.Segment]) -> [UInt8] {
        var text = "\(segments.count)\n"
        for segment in segments { text += "\(segment.offset)\n\(segment.count)\n" }
        return Array(text.utf8) + padding(after: Int64(text.utf8.count))
    }

    /// The name under which a reader that does not know the format unpacks the map and the data.
    private static func sparseName(_ path: [UInt8]) -> [UInt8] {
        let slash = path.lastIndex(of: UInt8(ascii: "/"))
        let leaf = slash.map { path.index(after: $0) } ?? path.startIndex
        return Array(path[..<leaf]) + Array("GNUSparseFile.0/".utf8) + Array(path[leaf...])
    }

    private static func header(of entry: TarEntry) -> [UInt8] {
        var path = entry.path
        if entry.kind == .folder { path.append(UInt8(ascii: "/")) }
        var header = Self.header(
            type: entry.kind.rawValue, path: path, size: entry.kind == .file ? Int(entry.size) : 0, entry: entry)
        seal(&header)
        return header
    }

    private static func header(type: UInt8, path: [UInt8], size: Int) -> [UInt8] {
        var header = Self.header(type: type, path: path, size: size, entry: TarEntry(kind: .file, path: []))
        seal(&header)
        return header
    }

    private static func header(type: UInt8, path: [UInt8], size: Int, entry: TarEntry) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: blockSize)
        func put(_ bytes: some Collection<UInt8>, at offset: Int, _ length: Int) {
            for (index, byte) in bytes.prefix(length).enumerated() { header[offset + index] = byte }
        }
        func put(_ number: Int64, at offset: Int, digits: Int) {
            // What is out of range stands in a pax header.
            let fitting = (0...largest(digits: digits)).contains(number) ? number : 0
            let text = String(fitting, radix: 8)
            put((String(repeating: "0", count: digits - text.utf8.count) + text).utf8, at: offset, digits)
        }
        put(path, at: 0, 100)
        put(Int64(entry.permissions & 0o7777), at: 100, digits: 7)
        put(Int64(entry.userID), at: 108, digits: 7)
        put(Int64(entry.groupID), at: 116, digits: 7)
        put(Int64(size), at: 124, digits: 11)
        put(entry.time, at: 136, digits: 11)
        header[156] = type
        put(entry.target, at: 157, 100)
        put("ustar\0".utf8, at: 257, 6)
        put("00".utf8, at: 263, 2)
        put(Int64(entry.device.major), at: 329, digits: 7)
        put(Int64(entry.device.minor), at: 337, digits: 7)
        return header
    }

    /// Fills in the checksum, which counts its own field as spaces.
    private static func seal(_ header: inout [UInt8]) {
        let sum = header.reduce(0) { $0 + Int($1) } + 8 * Int(UInt8(ascii: " "))
        let text = String(sum, radix: 8)
        let field = String(repeating: "0", count: 6 - text.utf8.count) + text + "\0 "
        for (index, byte) in field.utf8.enumerated() { header[148 + index] = byte }
    }
}
