internal import CLinux
internal import Glibc

/// One step of an nf_tables rule: it loads something about the packet, compares, looks up, or decides.
///
/// Registers are numbered in units of four bytes, as the fields of a set's key stand in them; a value longer than four bytes
/// takes several.
public enum FirewallExpression: Sendable, Hashable {
    /// What is known of a packet besides its bytes (`enum nft_meta_keys`).
    public enum Meta: UInt32, Sendable {
        /// The kind of the network header, two bytes.
        case etherType = 1
        /// The name of the interface that it came over, 16 bytes.
        case inputInterface = 6
        /// The name of the interface that it leaves by, 16 bytes.
        case outputInterface = 7
        /// `NFPROTO_IPV4` or `NFPROTO_IPV6`, one byte.
        case networkProtocol = 15
        /// TCP, UDP, …, one byte.
        case transportProtocol = 16
    }

    /// Where an offset into a packet counts from (`enum nft_payload_bases`).
    public enum Header: UInt32, Sendable {
        case link = 0
        case network = 1
        case transport = 2
    }

    /// What is known of a packet's connection (`enum nft_ct_keys`), four bytes each.
    public enum Connection: UInt32, Sendable {
        /// A mask of `NF_CT_STATE_BIT` (linux/netfilter/nf_conntrack_common.h).
        case state = 0
        /// A mask of `IPS_*`.
        case status = 2
    }

    /// What happens to a packet.
    public enum Verdict: Sendable, Hashable {
        /// It goes on, as far as this table is concerned.
        case accept
        /// It is thrown away.
        case drop
        /// Another chain looks at it; if that decides nothing, the next rule does.
        case jump(String)
        /// The chain that jumped here goes on.
        case `return`
    }

    case load(Meta, Int)
    case loadBytes(Header, offset: UInt32, count: UInt32, Int)
    case loadConnection(Connection, Int)
    /// Whether the packet's destination is `RTN_LOCAL`, …: four bytes in the machine's order.
    case loadDestinationKind(Int)
    case mask(Int, [UInt8])
    case equal(Int, [UInt8])
    case notEqual(Int, [UInt8])
    /// Both by bytes in network order.
    case atLeast(Int, [UInt8])
    case atMost(Int, [UInt8])
    /// The rule goes on if the set holds what stands in the registers from the first on.
    case isIn(set: String, Int)
    case isNotIn(set: String, Int)
    /// The rule goes on if the map holds it, with the value in the registers from `result` on.
    case find(map: String, Int, result: Int)
    /// The packet goes to the chain that the map holds, if it holds one.
    case jumpByMap(String, Int)
    /// The packet goes to the address and port in these registers.
    case redirect(IPFamily, address: Int, port: Int)
    /// The packet gets the address of the interface that it leaves by.
    case masquerade
    case decide(Verdict)

    /// The kernel's number of a register (NFT_REG32_00 and following).
    static func number(_ register: Int) -> UInt32 { UInt32(8 + register) }

    var name: String {
        switch self {
        case .load: "meta"
        case .loadBytes: "payload"
        case .loadConnection: "ct"
        case .loadDestinationKind: "fib"
        case .mask: "bitwise"
        case .equal, .notEqual, .atLeast, .atMost: "cmp"
        case .isIn, .isNotIn, .find, .jumpByMap: "lookup"
        case .redirect: "nat"
        case .masquerade: "masq"
        case .decide: "immediate"
        }
    }

    func encode(into message: inout NetlinkMessage) {
        switch self {
        case .load(let key, let register):
            message.add(UInt16(NFTA_META_KEY.rawValue), bigEndian: key.rawValue)
            message.add(UInt16(NFTA_META_DREG.rawValue), bigEndian: Self.number(register))
        case .loadBytes(let base, let offset, let count, let register):
            message.add(UInt16(NFTA_PAYLOAD_DREG.rawValue), bigEndian: Self.number(register))
            message.add(UInt16(NFTA_PAYLOAD_BASE.rawValue), bigEndian: base.rawValue)
            message.add(UInt16(NFTA_PAYLOAD_OFFSET.rawValue), bigEndian: offset)
            message.add(UInt16(NFTA_PAYLOAD_LEN.rawValue), bigEndian: count)
        case .loadConnection(let key, let register):
            message.add(UInt16(NFTA_CT_KEY.rawValue), bigEndian: key.rawValue)
            message.add(UInt16(NFTA_CT_DREG.rawValue), bigEndian: Self.number(register))
        case .loadDestinationKind(let register):
            message.add(UInt16(NFTA_FIB_DREG.rawValue), bigEndian: Self.number(register))
            message.add(UInt16(NFTA_FIB_RESULT.rawValue), bigEndian: UInt32(NFT_FIB_RESULT_ADDRTYPE.rawValue))
            message.add(UInt16(NFTA_FIB_FLAGS.rawValue), bigEndian: UInt32(NFTA_FIB_F_DADDR.rawValue))
        case .mask(let register, let mask):
            message.add(UInt16(NFTA_BITWISE_SREG.rawValue), bigEndian: Self.number(register))
            message.add(UInt16(NFTA_BITWISE_DREG.rawValue), bigEndian: Self.number(register))
            message.add(UInt16(NFTA_BITWISE_LEN.rawValue), bigEndian: UInt32(mask.count))
            message.addData(UInt16(NFTA_BITWISE_MASK.rawValue), mask)
            message.addData(UInt16(NFTA_BITWISE_XOR.rawValue), [UInt8](repeating: 0, count: mask.count))
        case .equal(let register, let value): Self.compare(register, NFT_CMP_EQ, value, &message)
        case .notEqual(let register, let value): Self.compare(register, NFT_CMP_NEQ, value, &message)
        case .atLeast(let register, let value): Self.compare(register, NFT_CMP_GTE, value, &message)
        case .atMost(let register, let value): Self.compare(register, NFT_CMP_LTE, value, &message)
        case .jumpByMap(let map, let register):
            Self.look(up: map, register, &message)
            message.add(UInt16(NFTA_LOOKUP_DREG.rawValue), bigEndian: UInt32(NFT_REG_VERDICT.rawValue))
        case .isIn(let set, let register): Self.look(up: set, register, &message)
        case .isNotIn(let set, let register):
            Self.look(up: set, register, &message)
            message.add(UInt16(NFTA_LOOKUP_FLAGS.rawValue), bigEndian: UInt32(NFT_LOOKUP_F_INV.rawValue))
        case .find(let map, let register, let result):
            Self.look(up: map, register, &message)
            message.add(UInt16(NFTA_LOOKUP_DREG.rawValue), bigEndian: Self.number(result))
        case .redirect(let family, let address, let port):
            message.add(UInt16(NFTA_NAT_TYPE.rawValue), bigEndian: UInt32(NFT_NAT_DNAT.rawValue))
            message.add(UInt16(NFTA_NAT_FAMILY.rawValue), bigEndian: UInt32(family.number))
            message.add(UInt16(NFTA_NAT_REG_ADDR_MIN.rawValue), bigEndian: Self.number(address))
            message.add(UInt16(NFTA_NAT_REG_PROTO_MIN.rawValue), bigEndian: Self.number(port))
        case .masquerade: break
        case .decide(let verdict):
            message.add(UInt16(NFTA_IMMEDIATE_DREG.rawValue), bigEndian: UInt32(NFT_REG_VERDICT.rawValue))
            message.nest(UInt16(NFTA_IMMEDIATE_DATA.rawValue)) { $0.addVerdict(verdict) }
        }
    }

    private static func compare(
        _ register: Int, _ operation: nft_cmp_ops, _ value: [UInt8], _ message: inout NetlinkMessage
    ) {
        message.add(UInt16(NFTA_CMP_SREG.rawValue), bigEndian: number(register))
        message.add(UInt16(NFTA_CMP_OP.rawValue), bigEndian: operation.rawValue)
        message.addData(UInt16(NFTA_CMP_DATA.rawValue), value)
    }

    private static func look(up set: String, _ register: Int, _ message: inout NetlinkMessage) {
        message.add(UInt16(NFTA_LOOKUP_SET.rawValue), text: set)
        message.add(UInt16(NFTA_LOOKUP_SREG.rawValue), bigEndian: number(register))
    }
}

extension FirewallExpression.Verdict {
    /// The numbers of linux/netfilter.h and `enum nft_verdicts`.
    var code: Int32 {
        switch self {
        case .accept: 1
        case .drop: 0
        case .jump: NFT_JUMP.rawValue
        case .return: NFT_RETURN.rawValue
        }
    }
}

extension NetlinkMessage {
    /// Adds a verdict (`enum nft_verdict_attributes`).
    mutating func addVerdict(_ verdict: FirewallExpression.Verdict) {
        nest(UInt16(NFTA_DATA_VERDICT.rawValue)) { message in
            message.add(UInt16(NFTA_VERDICT_CODE.rawValue), bigEndian: verdict.code)
            if case .jump(let chain) = verdict {
                message.add(UInt16(NFTA_VERDICT_CHAIN.rawValue), text: chain)
            }
        }
    }

    /// Adds a value of registers (`enum nft_data_attributes`).
    mutating func addData(_ attribute: UInt16, _ value: [UInt8]) {
        nest(attribute) { $0.add(UInt16(NFTA_DATA_VALUE.rawValue), bytes: value) }
    }
}
