internal import CLinux
internal import Glibc

/// A message to the kernel under construction: a header, a part of fixed form, and attributes that may hold others.
///
/// Every length is checked when the message is sent: one attribute that is too long for its 16-bit length field would shift
/// what follows into the place of something else (CVE-2021-43784).
public struct NetlinkMessage: Sendable, Hashable {
    /// The message as it is so far; its own length, sequence number and flags are filled in when it is sent.
    public private(set) var bytes: [UInt8]
    /// Whether an attribute is too long to be sent.
    public private(set) var isTooLong = false

    /// Begins a message.
    ///
    /// - Parameters:
    ///   - type: what it asks for (`RTM_NEWLINK`, …).
    ///   - flags: `NLM_F_CREATE` and the like; `NLM_F_REQUEST` is always set.
    ///   - fixed: the structure that stands before the attributes.
    public init<Fixed: BitwiseCopyable>(type: UInt16, flags: Int32 = 0, fixed: Fixed) {
        bytes = []
        bytes.reserveCapacity(256)
        append(UInt32(0))
        append(type)
        append(UInt16(truncatingIfNeeded: flags | NLM_F_REQUEST))
        append(UInt32(0))
        append(UInt32(0))
        withUnsafeBytes(of: fixed) { bytes.append(contentsOf: $0) }
        pad()
    }

    // MARK: - Attributes

    /// Adds a number in the machine's byte order.
    public mutating func add<Value: FixedWidthInteger>(_ attribute: UInt16, _ value: Value) {
        withUnsafeBytes(of: value) { add(attribute, bytes: $0) }
    }

    /// Adds a number in network byte order.
    public mutating func add<Value: FixedWidthInteger>(_ attribute: UInt16, bigEndian value: Value) {
        withUnsafeBytes(of: value.bigEndian) { add(attribute, bytes: $0) }
    }

    /// Adds a text with the zero that ends it.
    public mutating func add(_ attribute: UInt16, text: String) {
        add(attribute, bytes: Array(text.utf8) + [0])
    }

    /// Adds plain bytes.
    public mutating func add(_ attribute: UInt16, bytes value: [UInt8]) {
        value.withUnsafeBytes { add(attribute, bytes: $0) }
    }

    /// Adds an attribute without content.
    public mutating func addFlag(_ attribute: UInt16) {
        add(attribute, bytes: UnsafeRawBufferPointer(start: nil, count: 0))
    }

    private mutating func add(_ attribute: UInt16, bytes value: UnsafeRawBufferPointer) {
        let start = begin(attribute)
        bytes.append(contentsOf: value)
        end(start)
    }

    /// Adds an attribute that consists of those that `body` adds, after an optional structure.
    public mutating func nest(_ attribute: UInt16, _ body: (inout NetlinkMessage) -> Void) {
        let start = begin(attribute | UInt16(NLA_F_NESTED))
        body(&self)
        end(start)
    }

    /// Adds a structure, without a header of its own, inside a nested attribute.
    public mutating func addStructure<Fixed: BitwiseCopyable>(_ fixed: Fixed) {
        withUnsafeBytes(of: fixed) { bytes.append(contentsOf: $0) }
        pad()
    }

    private mutating func begin(_ attribute: UInt16) -> Int {
        let start = bytes.count
        append(UInt16(0))
        append(attribute)
        return start
    }

    private mutating func end(_ start: Int) {
        let length = bytes.count - start
        if let length = UInt16(exactly: length) {
            set(length, at: start)
        } else {
            isTooLong = true
        }
        pad()
    }

    // MARK: - The header

    /// Fills in what only the sender knows.
    mutating func seal(sequence: UInt32, flags: Int32) {
        set(UInt32(truncatingIfNeeded: bytes.count), at: 0)
        let own = UInt16(bytes[6]) | UInt16(bytes[7]) << 8
        set(own | UInt16(truncatingIfNeeded: flags), at: 6)
        set(sequence, at: 8)
    }

    private mutating func append<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
    }

    private mutating func set<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
        withUnsafeBytes(of: value) { value in
            for (index, byte) in value.enumerated() { bytes[offset + index] = byte }
        }
    }

    /// Attributes begin at multiples of four bytes (NLA_ALIGNTO).
    private mutating func pad() {
        while bytes.count % 4 != 0 { bytes.append(0) }
    }
}
