internal import Glibc

/// The content of a cache file: a header, the key, the unknown names and the program.
///
/// A header of eight 64-bit words in the machine's order: magic, hash of all that follows it, length of the key, of the
/// names and of the program, flags, needs a listener, zero.
enum SeccompCacheEntry {
    /// How the files' names end.
    static let suffix = ".bpf"
    /// Files above this size are no cache files: 4 MiB.
    static let longest = 4 << 20

    private static let magic: UInt64 = 0x3130_4642_5f58_424e
    private static let headerSize = 64

    /// The content for a compiled filter.
    static func encode(_ filter: SeccompFilter, key: [UInt8]) -> [UInt8] {
        let names = Array(filter.unknownSyscalls.joined(separator: "\0").utf8)
        var body: [UInt8] = []
        for word in [
            UInt64(key.count), UInt64(names.count), UInt64(filter.program.count), UInt64(filter.flags),
            filter.needsListener ? 1 : 0, 0,
        ] {
            withUnsafeBytes(of: word) { body.append(contentsOf: $0) }
        }
        body += key
        body += names
        body += filter.program
        var bytes: [UInt8] = []
        bytes.reserveCapacity(body.count + 16)
        withUnsafeBytes(of: magic) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: body.withUnsafeBytes(hash)) { bytes.append(contentsOf: $0) }
        return bytes + body
    }

    /// The filter in a file's content; nil when it is damaged, or about another key.
    static func decode(_ bytes: UnsafeRawBufferPointer, key: [UInt8]) -> SeccompFilter? {
        guard bytes.count >= headerSize, word(bytes, 0) == magic,
            word(bytes, 1) == hash(UnsafeRawBufferPointer(rebasing: bytes[16...]))
        else { return nil }
        let room = UInt64(bytes.count - headerSize)
        let lengths = (key: word(bytes, 2), names: word(bytes, 3), program: word(bytes, 4))
        guard lengths.key == UInt64(key.count), lengths.names <= room, lengths.program <= room,
            lengths.key + lengths.names + lengths.program == room, lengths.program > 0,
            lengths.program <= UInt64(FilterProgram.longest * FilterProgram.instructionSize),
            lengths.program % UInt64(FilterProgram.instructionSize) == 0, let flags = UInt32(exactly: word(bytes, 5))
        else { return nil }
        let names = headerSize + key.count
        let program = names + Int(lengths.names)
        let isSame = key.withUnsafeBytes { wanted in
            guard let found = bytes.baseAddress, let wanted = wanted.baseAddress else { return false }
            return memcmp(found + headerSize, wanted, key.count) == 0
        }
        guard isSame else { return nil }
        return SeccompFilter(
            program: Array(bytes[program...]), flags: flags, needsListener: word(bytes, 6) == 1,
            unknownSyscalls: bytes[names..<program].split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
    }

    /// A cheap 64-bit hash, eight bytes at a step: against damage and for file names, not against an adversary.
    static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var state = UInt64(bytes.count) &* 0x9e37_79b9_7f4a_7c15
        let words = bytes.count / 8
        for index in 0..<words {
            state = mix(state, bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
        }
        for index in words * 8..<bytes.count { state = mix(state, UInt64(bytes[index])) }
        return mix(state, 0)
    }

    private static func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ word) &* 0xff51_afd7_ed55_8ccd
        return product ^ product >> 32
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> UInt64 {
        bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
    }
}
