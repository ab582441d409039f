/// gzip and zstd streams made by hand: what they hold is stored or repeated, not compressed, which is just as valid.
enum Compression {
    /// A gzip member of stored blocks.
    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
        var rest = bytes[...]
        repeat {
            let chunk = rest.prefix(65535)
            rest = rest.dropFirst(chunk.count)
            result.append(rest.isEmpty ? 1 : 0)
            result += littleEndian(chunk.count, 2) + littleEndian(~chunk.count, 2)
            result += chunk
        } while !rest.isEmpty
        return result + littleEndian(Int(crc32(bytes)), 4) + littleEndian(bytes.count, 4)
    }

    /// A zstd frame of raw blocks.
    static func zstd(_ bytes: [UInt8]) -> [UInt8] {
        var result = zstdHeader
        var rest = bytes[...]
        repeat {
            let chunk = rest.prefix(128 << 10)
            rest = rest.dropFirst(chunk.count)
            result += littleEndian(chunk.count << 3 | (rest.isEmpty ? 1 : 0), 3)
            result += chunk
        } while !rest.isEmpty
        return result
    }

    /// A zstd frame that starts with `head` and goes on with `count` zero bytes: four bytes for every 128 KiB.
    static func zstdBomb(head: [UInt8], zeros count: Int) -> [UInt8] {
        var result = zstdHeader
        result += littleEndian(head.count << 3, 3) + head
        let size = 128 << 10
        for index in 0..<count / size {
            result += littleEndian(size << 3 | 1 << 1 | (index == count / size - 1 ? 1 : 0), 3) + [0]
        }
        return result
    }

    /// Magic number, no content size, no checksum, a window of 1 MiB.
    private static let zstdHeader: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0, 0x50]

    private static func littleEndian(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var crc: UInt32 = .max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xEDB8_8320 }
        }
        return ~crc
    }
}
