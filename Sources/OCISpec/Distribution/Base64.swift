/// Base 64 with padding (RFC 4648), as the `Authorization` header and Docker's configuration use it.
public enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The text that stands for bytes.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        var group: UInt32 = 0
        var count = 0
        func append(_ characters: Int) {
            for index in 0..<4 {
                text.append(
                    index < characters ? alphabet[Int(group >> UInt32(18 - 6 * index)) & 63] : UInt8(ascii: "="))
            }
        }
        for byte in bytes {
            group |= UInt32(byte) << UInt32(16 - 8 * count)
            count += 1
            if count == 3 {
                append(4)
                (group, count) = (0, 0)
            }
        }
        if count > 0 { append(count + 1) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes that a text stands for; nil when it is not base 64.
    ///
    /// Padding may be missing.
    public static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var group: UInt32 = 0
        var bits: UInt32 = 0
        let digits = text.utf8.reversed().drop { $0 == UInt8(ascii: "=") }.reversed()
        for digit in digits {
            guard let value = alphabet.firstIndex(of: digit) else { return nil }
            group = group << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: group >> bits))
            }
        }
        return digits.count % 4 == 1 ? nil : bytes
    }

    /// The text that stands for bytes in addresses and tokens: without padding, with `-` and `_` (RFC 4648, 5).
    public static func urlEncoded(_ bytes: some Collection<UInt8>) -> String {
        var text = ""
        for character in encode(bytes).unicodeScalars where character != "=" {
            switch character {
            case "+": text.append("-")
            case "/": text.append("_")
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }

    /// The bytes that such a text stands for; nil when it is none.
    public static func urlDecoded(_ text: String) -> [UInt8]? {
        guard !text.utf8.contains(where: { "+/=".utf8.contains($0) }) else { return nil }
        let plain = text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: byte
            }
        }
        return decode(String(decoding: plain, as: UTF8.self))
    }
}
