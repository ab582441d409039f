/// What bytes are, judged by how they start.
///
/// Names and media types in an archive are the attacker's words.
enum ContentKind: Hashable {
    case tar
    case gzip
    case zstd
    /// A form of compression that layers do not have, by its name.
    case otherCompression(String)
    /// An object or a list in JSON, perhaps.
    case json
    case unknown

    /// How many bytes it takes to tell.
    static let headSize = 512

    init(_ head: UnsafeRawBufferPointer) {
        func starts(_ magic: [UInt8]) -> Bool { head.starts(with: magic) }
        if starts([0x1F, 0x8B]) {
            self = .gzip
        } else if starts([0x28, 0xB5, 0x2F, 0xFD]) || Self.isSkippableFrame(head) {
            self = .zstd
        } else if starts([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]) {
            self = .otherCompression("xz")
        } else if starts([0x42, 0x5A, 0x68]) {
            self = .otherCompression("bzip2")
        } else if starts([0x04, 0x22, 0x4D, 0x18]) {
            self = .otherCompression("lz4")
        } else if Self.isTarHeader(head) {
            self = .tar
        } else if let first = head.first(where: { !" \t\r\n".utf8.contains($0) }), "{[".utf8.contains(first) {
            self = .json
        } else {
            self = .unknown
        }
    }

    /// zstd's own containers may start with one, as in the seekable form and in zstd:chunked.
    private static func isSkippableFrame(_ head: UnsafeRawBufferPointer) -> Bool {
        head.count >= 4 && head[0] & 0xF0 == 0x50 && head[1] == 0x2A && head[2] == 0x4D && head[3] == 0x18
    }

    /// The header's own checksum tells in every dialect; a block of zeros ends an archive that holds nothing.
    private static func isTarHeader(_ head: UnsafeRawBufferPointer) -> Bool {
        guard head.count >= 512 else { return false }
        let field = 148..<156
        var sum = 0
        var stored = 0
        var isZero = true
        for index in 0..<512 {
            let byte = head[index]
            if byte != 0 { isZero = false }
            guard field.contains(index) else {
                sum += Int(byte)
                continue
            }
            sum += Int(UInt8(ascii: " "))
            if (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(byte) {
                stored = stored * 8 + Int(byte - UInt8(ascii: "0"))
            }
        }
        return isZero || sum == stored
    }
}
