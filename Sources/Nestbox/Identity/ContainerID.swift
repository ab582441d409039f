internal import LinuxSystem

/// Container ids: 64 hexadecimal digits, 256 bits from the kernel's random source.
enum ContainerID {
    /// A new id.
    static func random() throws(SystemError) -> String {
        try RandomBytes.hexadecimal(32)
    }

    /// Whether the text is a complete id.
    static func isComplete(_ text: String) -> Bool {
        text.utf8.count == 64 && isHexadecimal(text)
    }

    /// Whether the text can be the beginning of an id.
    static func isHexadecimal(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
