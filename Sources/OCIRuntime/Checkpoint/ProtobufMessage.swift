/// A message of Protocol Buffers as it was received, its fields by their numbers.
///
/// Fields that nobody asks for are passed over, as the format wants it; bytes that are no message are an error.
struct ProtobufMessage {
    private enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
        /// A number of 4 or 8 bytes: no message that is read here has such.
        case other
    }

    private var fields: [(number: UInt64, value: Value)] = []

    /// Sorts the fields of a message.
    ///
    /// - Throws: `ProtobufError`.
    init(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) {
        var rest = bytes
        while !rest.isEmpty {
            let key = try Self.varint(&rest)
            // 2^29 - 1 is the highest number of a field.
            guard key >> 3 > 0, key >> 3 < 1 << 29 else { throw ProtobufError.field(key >> 3) }
            let value: Value
            switch key & 7 {
            case 0: value = .number(try Self.varint(&rest))
            case 1: value = try Self.skip(8, &rest)
            case 2:
                let length = try Self.varint(&rest)
                guard length <= UInt64(rest.count) else { throw ProtobufError.cutOff }
                value = .bytes(rest.prefix(Int(length)))
                rest = rest.dropFirst(Int(length))
            case 5: value = try Self.skip(4, &rest)
            case let kind: throw ProtobufError.kind(kind)
            }
            fields.append((key >> 3, value))
        }
    }

    /// The last number of that field, as the format wants it; nil when there is none.
    func number(_ field: UInt64) -> UInt64? {
        for case (field, .number(let value)) in fields.reversed() { return value }
        return nil
    }

    /// A number of 32 bits; negative ones are sent with 64.
    func int32(_ field: UInt64) -> Int32? { number(field).map { Int32(truncatingIfNeeded: $0) } }

    /// A flag; one that is not there is off.
    func flag(_ field: UInt64) -> Bool { number(field).map { $0 != 0 } ?? false }

    /// A text; what is no UTF-8 in it is replaced.
    func text(_ field: UInt64) -> String? { bytes(field).map { String(decoding: $0, as: UTF8.self) } }

    /// A message in this one.
    ///
    /// - Throws: `ProtobufError`.
    func message(_ field: UInt64) throws(ProtobufError) -> ProtobufMessage? {
        guard let bytes = bytes(field) else { return nil }
        return try ProtobufMessage(bytes)
    }

    private func bytes(_ field: UInt64) -> ArraySlice<UInt8>? {
        for case (field, .bytes(let value)) in fields.reversed() { return value }
        return nil
    }

    private static func skip(_ count: Int, _ rest: inout ArraySlice<UInt8>) throws(ProtobufError) -> Value {
        guard rest.count >= count else { throw ProtobufError.cutOff }
        rest = rest.dropFirst(count)
        return .other
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { throw ProtobufError.cutOff }
            // Of the tenth byte one bit is left.
            guard shift < 63 || byte <= 1 else { throw ProtobufError.number }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw ProtobufError.number
    }
}

/// Why bytes are no message of Protocol Buffers.
enum ProtobufError: Error, Hashable, CustomStringConvertible {
    case cutOff
    case number
    case field(UInt64)
    case kind(UInt64)

    var description: String {
        switch self {
        case .cutOff: "the message is cut off"
        case .number: "a number of the message has more than 64 bits"
        case .field(let number): "the message has a field of the number \(number)"
        case .kind(let kind): "the message has a field of the unknown kind \(kind)"
        }
    }
}
