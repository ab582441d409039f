internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Container ids: 64 hexadecimal digits, 256 bits from the kernel's random source.
enum ContainerID {
    /// A new id.
    static func random() throws(SystemError) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        // Up to 256 bytes come in one piece (getrandom(2)), so a short count cannot happen.
        // The C library's wrapper is hidden from the importer.
        let count = bytes.count
        let result = bytes.withUnsafeMutableBytes { buffer in
            nb_syscall6(Int(SYS_getrandom), Int(bitPattern: buffer.baseAddress), count, 0, 0, 0, 0)
        }
        try checked(result, "get random bytes from", "the kernel")
        return hexadecimal(bytes)
    }

    /// Whether the text is a complete id.
    static func isComplete(_ text: String) -> Bool {
        text.utf8.count == 64 && isHexadecimal(text)
    }

    /// Whether the text can be the beginning of an id.
    static func isHexadecimal(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
            for (index, byte) in bytes.enumerated() {
                buffer[index * 2] = digit(byte >> 4)
                buffer[index * 2 + 1] = digit(byte & 15)
            }
            return bytes.count * 2
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
}
