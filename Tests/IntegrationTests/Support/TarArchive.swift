/// A tar archive made in memory, entry by entry, with whatever an attacker would put into it (ustar, POSIX.1-1988).
struct TarArchive {
    enum Kind: Character {
        case file = "0"
        case hardLink = "1"
        case symlink = "2"
        case characterDevice = "3"
        case blockDevice = "4"
        case folder = "5"
        case fifo = "6"
    }

    private var content: [UInt8] = []

    /// The archive with its end: two empty blocks.
    var bytes: [UInt8] { content + [UInt8](repeating: 0, count: 1024) }

    mutating func file(_ name: String, _ text: String, mode: Int = 0o644, owner: Int = 0) {
        add(name, .file, Array(text.utf8), mode: mode, owner: owner)
    }

    mutating func folder(_ name: String, mode: Int = 0o755) { add(name, .folder, mode: mode) }
    mutating func symlink(_ name: String, to target: String) { add(name, .symlink, link: target, mode: 0o777) }
    mutating func fifo(_ name: String) { add(name, .fifo, mode: 0o666) }

    /// One header and its data, unchecked.
    mutating func add(
        _ name: String, _ kind: Kind, _ data: [UInt8] = [], link: String = "", mode: Int = 0o644, owner: Int = 0,
        device: (major: Int, minor: Int) = (0, 0)
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int, _ length: Int) {
            for (index, byte) in text.utf8.prefix(length).enumerated() { header[offset + index] = byte }
        }
        func number(_ value: Int, at offset: Int, _ length: Int) {
            let digits = String(value, radix: 8)
            put(String(repeating: "0", count: length - 1 - digits.count) + digits, at: offset, length - 1)
        }
        put(name, at: 0, 100)
        number(mode, at: 100, 8)
        number(owner, at: 108, 8)
        number(owner, at: 116, 8)
        number(data.count, at: 124, 12)
        number(1_700_000_000, at: 136, 12)
        put(String(kind.rawValue), at: 156, 1)
        put(link, at: 157, 100)
        put("ustar", at: 257, 6)
        put("00", at: 263, 2)
        number(device.major, at: 329, 8)
        number(device.minor, at: 337, 8)
        // The sum counts its own field as spaces.
        let sum = header.reduce(0) { $0 + Int($1) } + 8 * 32
        number(sum, at: 148, 7)
        header[155] = UInt8(ascii: " ")
        content += header + data
        content += [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
    }
}
