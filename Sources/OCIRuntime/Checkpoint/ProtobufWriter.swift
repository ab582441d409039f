/// Writes a message of Protocol Buffers: varints and what has a length, which is all that criu's requests consist of.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    private enum Kind: UInt64 {
        case varint = 0
        case length = 2
    }

    /// Adds a number; a negative one takes ten bytes.
    mutating func add(_ field: UInt64, _ value: Int64) {
        add(key: field, .varint)
        add(varint: UInt64(bitPattern: value))
    }

    /// Adds a flag that is on.
    mutating func add(_ field: UInt64, if value: Bool) {
        if value { add(field, 1) }
    }

    /// Adds a text.
    mutating func add(_ field: UInt64, _ text: String) { add(field, Array(text.utf8)) }

    /// Adds a message.
    mutating func add(_ field: UInt64, _ message: ProtobufWriter) { add(field, message.bytes) }

    private mutating func add(_ field: UInt64, _ value: [UInt8]) {
        add(key: field, .length)
        add(varint: UInt64(value.count))
        bytes += value
    }

    private mutating func add(key field: UInt64, _ kind: Kind) { add(varint: field << 3 | kind.rawValue) }

    private mutating func add(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
