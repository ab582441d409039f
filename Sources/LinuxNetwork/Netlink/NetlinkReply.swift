internal import CLinux
internal import Glibc
internal import LinuxSystem

/// A message from the kernel.
public struct NetlinkReply: Sendable, Hashable {
    /// What kind of message it is.
    enum Kind: Sendable, Hashable {
        /// How a request went; nil: well. With the kernel's own words, if it has any.
        case outcome(Errno?, message: String?)
        /// The end of a list.
        case end
        /// What was asked for.
        case answer
    }

    let kind: Kind
    let sequence: UInt32
    /// The list may be incomplete.
    let isInterrupted: Bool
    /// What it is (`RTM_NEWLINK`, …).
    public let type: UInt16
    /// What stands behind the netlink header.
    public let payload: [UInt8]

    /// The messages in a packet.
    static func all(in packet: ArraySlice<UInt8>) -> [NetlinkReply] {
        var result: [NetlinkReply] = []
        var rest = packet
        while let length = rest.number(at: 0, as: UInt32.self).map(Int.init), length >= 16, length <= rest.count {
            result.append(NetlinkReply(rest.prefix(length)))
            rest = rest.dropFirst((length + 3) & ~3)
        }
        return result
    }

    private init(_ message: ArraySlice<UInt8>) {
        type = message.number(at: 4, as: UInt16.self) ?? 0
        let flags = Int32(message.number(at: 6, as: UInt16.self) ?? 0)
        sequence = message.number(at: 8, as: UInt32.self) ?? 0
        isInterrupted = flags & NLM_F_DUMP_INTR != 0
        payload = Array(message.dropFirst(16))
        switch Int32(type) {
        case NLMSG_DONE: kind = .end
        case NLMSG_ERROR:
            let error = payload[...].number(at: 0, as: Int32.self) ?? -EIO
            // Behind the error stand the question's header (NETLINK_CAP_ACK leaves its body out) and attributes.
            let words =
                flags & NLM_F_ACK_TLVS == 0
                ? nil : NetlinkAttributes(payload.dropFirst(20)).text(UInt16(NLMSGERR_ATTR_MSG.rawValue))
            kind = .outcome(error == 0 ? nil : Errno(-error), message: words)
        default: kind = .answer
        }
    }

    /// The attributes behind a structure of `offset` bytes.
    public func attributes(after offset: Int) -> NetlinkAttributes {
        NetlinkAttributes(payload.dropFirst((offset + 3) & ~3))
    }

    /// A number in the structure before the attributes, in the machine's byte order.
    public func number<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type) -> Value? {
        payload[...].number(at: offset, as: type)
    }
}

/// Attributes of a message from the kernel.
public struct NetlinkAttributes: Sendable, Hashable {
    private let bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    /// The content of every attribute of a kind.
    ///
    /// An attribute that claims to be longer than the message ends the list.
    public func all(_ attribute: UInt16) -> [ArraySlice<UInt8>] {
        var result: [ArraySlice<UInt8>] = []
        var rest = bytes
        while let length = rest.number(at: 0, as: UInt16.self).map(Int.init), length >= 4, length <= rest.count {
            // The two highest bits are flags (NLA_TYPE_MASK).
            if let type = rest.number(at: 2, as: UInt16.self), type & 0x3fff == attribute {
                result.append(rest.prefix(length).dropFirst(4))
            }
            rest = rest.dropFirst((length + 3) & ~3)
        }
        return result
    }

    /// The content of the first attribute of a kind.
    public func bytes(_ attribute: UInt16) -> ArraySlice<UInt8>? { all(attribute).first }

    /// A number in the machine's byte order.
    public func number<Value: FixedWidthInteger>(_ attribute: UInt16, as type: Value.Type) -> Value? {
        bytes(attribute)?.number(at: 0, as: type)
    }

    /// A text without the zero that ends it.
    public func text(_ attribute: UInt16) -> String? {
        bytes(attribute).map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The attributes inside one.
    public func nested(_ attribute: UInt16) -> NetlinkAttributes? { bytes(attribute).map(NetlinkAttributes.init) }
}

extension ArraySlice<UInt8> {
    /// The number that begins `offset` bytes behind the start; nil when the slice is too short.
    func number<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type) -> Value? {
        let size = MemoryLayout<Value>.size
        guard count >= offset + size else { return nil }
        return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) }
    }
}
