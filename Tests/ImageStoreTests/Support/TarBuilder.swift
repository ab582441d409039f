import Glibc

/// Writes tar archives byte by byte, also such as no sound tool would.
struct TarBuilder {
    /// The archive so far.
    private(set) var bytes: [UInt8] = []

    /// What an entry says besides its name and data.
    struct Attributes {
        var mode = 0o644
        /// The caller by default: only root may give files away.
        var uid = Int(geteuid())
        var gid = Int(getegid())
        var mtime = 1_700_000_000
        var linkTarget = ""
        var devMajor = 0
        var devMinor = 0
        /// Records of a pax header before the entry.
        var pax: [(String, String)] = []
    }

    /// Kinds of entries, by their type flag.
    enum Kind: String {
        case file = "0"
        case hardLink = "1"
        case symlink = "2"
        case character = "3"
        case block = "4"
        case folder = "5"
        case fifo = "6"
        case pax = "x"
        case globalPax = "g"
        case gnuLongName = "L"
        case gnuLongLink = "K"
        case gnuSparse = "S"
    }

    mutating func file(_ name: String, _ content: String = "", mode: Int = 0o644) {
        add(.file, name, data: Array(content.utf8), Attributes(mode: mode))
    }

    mutating func folder(_ name: String, mode: Int = 0o755) {
        add(.folder, name, Attributes(mode: mode))
    }

    mutating func symlink(_ name: String, to target: String) {
        add(.symlink, name, Attributes(mode: 0o777, linkTarget: target))
    }

    mutating func hardLink(_ name: String, to target: String) {
        add(.hardLink, name, Attributes(linkTarget: target))
    }

    /// An entry with a header that fits; names longer than 100 bytes get a GNU header before it.
    mutating func add(_ kind: Kind, _ name: String, data: [UInt8] = [], _ attributes: Attributes = Attributes()) {
        add(kind, Array(name.utf8), data: data, attributes)
    }

    mutating func add(_ kind: Kind, _ name: [UInt8], data: [UInt8] = [], _ attributes: Attributes = Attributes()) {
        if !attributes.pax.isEmpty {
            block(.pax, Array("PaxHeaders/x".utf8), data: Self.paxRecords(attributes.pax), Attributes())
        }
        if name.count > 100 {
            block(.gnuLongName, Array("././@LongLink".utf8), data: name + [0], Attributes())
        }
        if attributes.linkTarget.utf8.count > 100 {
            block(
                .gnuLongLink, Array("././@LongLink".utf8), data: Array(attributes.linkTarget.utf8) + [0], Attributes())
        }
        block(kind, Array(name.prefix(100)), data: data, attributes)
    }

    /// One header and its data.
    mutating func block(_ kind: Kind, _ name: [UInt8], data: [UInt8], size: Int? = nil, _ attributes: Attributes) {
        header(kind, name, size: size ?? data.count, attributes)
        append(data)
    }

    /// A header alone, with any size.
    mutating func header(_ kind: Kind, _ name: [UInt8], size: Int, _ attributes: Attributes) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ offset: Int, _ field: [UInt8]) { header.replaceSubrange(offset..<offset + field.count, with: field) }
        put(0, Array(name.prefix(100)))
        put(100, Self.number(attributes.mode, 8))
        put(108, Self.number(attributes.uid, 8))
        put(116, Self.number(attributes.gid, 8))
        put(124, Self.number(size, 12))
        put(136, Self.number(attributes.mtime, 12))
        put(156, Array(kind.rawValue.utf8))
        put(157, Array(attributes.linkTarget.utf8.prefix(100)))
        put(257, Array("ustar\u{0}00".utf8))
        put(329, Self.number(attributes.devMajor, 8))
        put(337, Self.number(attributes.devMinor, 8))
        Self.setChecksum(&header)
        bytes += header
    }

    /// Any bytes, filled up to a whole block.
    mutating func append(_ data: [UInt8]) {
        bytes += data
        bytes += [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
    }

    /// The archive with its end.
    func finished() -> [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    static func setChecksum(_ header: inout [UInt8]) {
        header.replaceSubrange(148..<156, with: [UInt8](repeating: 0x20, count: 8))
        let sum = header.reduce(0) { $0 + Int($1) }
        header.replaceSubrange(148..<156, with: Array(octal(sum, 6).utf8) + [0, 0x20])
    }

    /// Octal digits, or GNU's binary form where they do not suffice.
    static func number(_ value: Int, _ width: Int) -> [UInt8] {
        let digits = String(value, radix: 8)
        if value >= 0, digits.utf8.count < width { return Array(octal(value, width - 1).utf8) + [0] }
        var field = [UInt8](repeating: value < 0 ? 0xFF : 0, count: width)
        for index in 0..<min(width, 8) { field[width - 1 - index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
        field[0] |= 0x80
        return field
    }

    private static func octal(_ value: Int, _ width: Int) -> String {
        let digits = String(value, radix: 8)
        return String(repeating: "0", count: max(width - digits.utf8.count, 0)) + digits
    }

    /// `LENGTH NAME=VALUE\n` for each record.
    static func paxRecords(_ records: [(String, String)]) -> [UInt8] {
        records.flatMap { name, value -> [UInt8] in
            let tail = " \(name)=\(value)\n"
            var length = tail.utf8.count
            while "\(length)".utf8.count + tail.utf8.count != length { length += 1 }
            return Array("\(length)\(tail)".utf8)
        }
    }
}
