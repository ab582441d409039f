internal import Glibc

/// The name of an archive's entry, cut into the folder it lies in and its last component.
///
/// Bytes, in no charset.
///
/// Slashes at both ends, repeated slashes and `.` are dropped, so an absolute name is one below the root. `..` stays in
/// the folder's part, where the kernel resolves it inside the root; as the last component it is refused.
struct EntryPath: ~Copyable {
    /// Folder, NUL, last component, NUL.
    private let storage: UnsafeMutablePointer<CChar>
    private let capacity: Int
    private var leafStart = 0
    /// The last component's length in bytes; 0 for the root itself.
    private(set) var leafCount = 0
    private let limits: UnpackLimits

    init(limits: UnpackLimits) {
        self.limits = limits
        capacity = limits.pathLength + 2
        storage = .allocate(capacity: capacity)
        storage.initialize(repeating: 0, count: capacity)
    }

    deinit { storage.deallocate() }

    /// The folder's path below the root; empty for the root.
    var folder: UnsafePointer<CChar> { UnsafePointer(storage) }
    /// Bytes of the folder's path.
    var folderCount: Int { max(leafStart - 1, 0) }
    /// The last component.
    var leaf: UnsafePointer<CChar> { UnsafePointer(storage + leafStart) }
    /// The entry is the root itself.
    var isRoot: Bool { leafCount == 0 }

    /// Takes the name apart.
    ///
    /// - Throws: `ImageStoreError` for a name that is too long, or that ends in `..`.
    mutating func assign(_ name: UnsafePointer<CChar>) throws(ImageStoreError) {
        var source = name
        var end = 0
        leafStart = 0
        leafCount = 0
        storage[0] = 0
        while true {
            while source.pointee == UInt8(ascii: "/").asCChar { source += 1 }
            if source.pointee == 0 { break }
            var count = 0
            while source[count] != 0, source[count] != UInt8(ascii: "/").asCChar {
                count += 1
                // The kernel's bound holds whatever the limits say.
                let most = min(limits.componentLength, Int(NAME_MAX))
                if count > most { throw .limit(.componentLength, Int64(most), object: Self.text(name)) }
            }
            defer { source += count }
            if count == 1, source[0] == UInt8(ascii: ".").asCChar { continue }
            // One byte for the slash or NUL before it, one for the NUL after it.
            if end + count + 2 > capacity {
                throw .limit(.pathLength, Int64(limits.pathLength), object: Self.text(name))
            }
            if leafCount > 0 {
                if leafStart > 0 { storage[leafStart - 1] = UInt8(ascii: "/").asCChar }
                storage[end] = 0
                end += 1
            }
            leafStart = end
            leafCount = count
            (storage + end).update(from: source, count: count)
            end += count
            storage[end] = 0
        }
        if leafCount == 2, leaf[0] == UInt8(ascii: ".").asCChar, leaf[1] == UInt8(ascii: ".").asCChar {
            throw .entry(Self.text(name), reason: "its name ends in \"..\"")
        }
    }

    /// The whole path, for messages and for the list of folders.
    borrowing func copyBytes(into target: inout [CChar]) {
        if folderCount > 0 {
            target.append(contentsOf: UnsafeBufferPointer(start: folder, count: folderCount))
            target.append(UInt8(ascii: "/").asCChar)
        }
        target.append(contentsOf: UnsafeBufferPointer(start: leaf, count: leafCount))
        target.append(0)
    }

    /// The whole path for messages.
    var text: String {
        var bytes: [CChar] = []
        copyBytes(into: &bytes)
        return bytes.withUnsafeBufferPointer { buffer in buffer.baseAddress.map { Self.text($0) } ?? "" }
    }

    /// Whether a component of the folder's part starts with `prefix`.
    borrowing func folderHasComponent(prefix: StaticString) -> Bool {
        var position = 0
        while position < folderCount {
            if hasPrefix(folder + position, prefix) { return true }
            while position < folderCount, folder[position] != UInt8(ascii: "/").asCChar { position += 1 }
            position += 1
        }
        return false
    }

    /// A name as text for a message; bytes that are no UTF-8 are replaced, and it is cut off after 256 bytes.
    static func text(_ name: UnsafePointer<CChar>) -> String {
        let count = strnlen(name, 256)
        return UnsafeBufferPointer(start: name, count: count).withMemoryRebound(to: UInt8.self) {
            String(decoding: $0, as: UTF8.self)
        }
    }
}

/// Whether the C string starts with `prefix`.
func hasPrefix(_ name: UnsafePointer<CChar>, _ prefix: StaticString) -> Bool {
    prefix.withUTF8Buffer { bytes in
        // A name that is shorter differs at its NUL, so nothing after that is read.
        for (index, byte) in bytes.enumerated() where name[index] != byte.asCChar { return false }
        return true
    }
}

extension UInt8 {
    /// The same byte as C's `char`.
    var asCChar: CChar { CChar(truncatingIfNeeded: self) }
}
