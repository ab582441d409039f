internal import CLinux
internal import Glibc

/// Bytes from the kernel's random source.
public enum RandomBytes {
    /// Random bytes.
    ///
    /// - Parameter count: at most 256, which come in one piece (getrandom(2)).
    /// - Throws: `SystemError`.
    public static func make(_ count: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // The C library's wrapper is hidden from the importer.
        let result = bytes.withUnsafeMutableBytes { buffer in
            nb_syscall6(Int(SYS_getrandom), Int(bitPattern: buffer.baseAddress), count, 0, 0, 0, 0)
        }
        try checked(result, "get random bytes from", "the kernel")
        return bytes
    }

    /// Random bytes as lowercase hexadecimal digits, two a byte.
    ///
    /// - Throws: `SystemError`.
    public static func hexadecimal(_ count: Int) throws(SystemError) -> String {
        let bytes = try make(count)
        return String(unsafeUninitializedCapacity: count * 2) { buffer in
            for (index, byte) in bytes.enumerated() {
                buffer[index * 2] = digit(byte >> 4)
                buffer[index * 2 + 1] = digit(byte & 15)
            }
            return count * 2
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
}
