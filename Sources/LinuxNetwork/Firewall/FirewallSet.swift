internal import CLinux
internal import Glibc

/// A set of keys in a firewall table, or a map from keys to values.
///
/// A rule looks a packet up in it in one step, however many elements there are.
public struct FirewallSet: Sendable, Hashable {
    /// A part of a key or value, with the number by which `nft` knows how to print it (`enum datatypes` of nftables).
    public enum Field: UInt32, Sendable {
        case ipv4Address = 7
        case ipv6Address = 8
        case linkAddress = 9
        case transportProtocol = 12
        case port = 13
        case interfaceName = 41

        /// Its length in bytes.
        var size: Int {
            switch self {
            case .ipv4Address: 4
            case .ipv6Address: 16
            case .linkAddress: 6
            case .transportProtocol: 1
            case .port: 2
            case .interfaceName: 16
            }
        }

        /// Its length in registers' bytes.
        var paddedSize: Int { (size + 3) & ~3 }
    }

    /// Its name, at most 31 bytes.
    public let name: String
    /// What an element's key consists of.
    public let key: [Field]
    /// What its value consists of; empty for a set.
    public let value: [Field]
    /// Whether its values are chains to jump to.
    public let leadsToChains: Bool

    /// A set, or with a value a map.
    public init(_ name: String, key: [Field], value: [Field] = []) {
        self.name = name
        self.key = key
        self.value = value
        leadsToChains = false
    }

    /// A map from keys to chains.
    public init(_ name: String, keyToChain key: [Field]) {
        self.name = name
        self.key = key
        value = []
        leadsToChains = true
    }

    /// An element of a set or map.
    public struct Element: Sendable, Hashable {
        let key: [UInt8]
        let value: [UInt8]
        let chain: String?

        /// An element whose fields stand one after another, each in network byte order.
        ///
        /// - Precondition: there are as many as the set's key and value have.
        public init(_ key: [[UInt8]], value: [[UInt8]] = []) {
            self.key = Self.registers(key)
            self.value = Self.registers(value)
            chain = nil
        }

        /// An element that leads to a chain.
        public init(_ key: [[UInt8]], chain: String) {
            self.key = Self.registers(key)
            value = []
            self.chain = chain
        }

        private static func registers(_ fields: [[UInt8]]) -> [UInt8] {
            // A single field has its own length, several stand in whole registers.
            if fields.count == 1 { return fields[0] }
            return fields.flatMap { $0 + [UInt8](repeating: 0, count: (4 - $0.count % 4) % 4) }
        }
    }

    /// The bytes of an interface's name in a key.
    public static func interface(_ name: String) -> [UInt8] {
        let bytes = Array(name.utf8.prefix(15))
        return bytes + [UInt8](repeating: 0, count: 16 - bytes.count)
    }

    /// The bytes of a port in a key.
    public static func port(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xff)] }

    /// `nft` writes the parts of a concatenation six bits each.
    static func type(_ fields: [Field]) -> UInt32 { fields.reduce(0) { $0 << 6 | $1.rawValue } }

    static func size(_ fields: [Field]) -> UInt32 {
        // A single field has its own length, several stand in whole registers.
        UInt32(fields.count == 1 ? fields[0].size : fields.reduce(0) { $0 + $1.paddedSize })
    }
}

extension FirewallTable {
    private func message(_ kind: nf_tables_msg_types, flags: Int32) -> NetlinkMessage {
        NetlinkMessage(
            type: UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(kind.rawValue), flags: flags,
            fixed: nfgenmsg(nfgen_family: family.rawValue, version: UInt8(NFNETLINK_V0), res_id: 0))
    }

    /// Makes an empty set or map.
    ///
    /// - Parameter id: tells it apart from the other sets that are made in the same batch.
    public func makeSet(_ set: FirewallSet, id: UInt32) -> NetlinkRequest {
        var message = message(NFT_MSG_NEWSET, flags: NLM_F_CREATE)
        message.add(UInt16(NFTA_SET_TABLE.rawValue), text: name)
        message.add(UInt16(NFTA_SET_NAME.rawValue), text: set.name)
        var flags = UInt32(0)
        if !set.value.isEmpty || set.leadsToChains { flags |= NFT_SET_MAP.rawValue }
        if set.key.count > 1 { flags |= NFT_SET_CONCAT.rawValue }
        message.add(UInt16(NFTA_SET_FLAGS.rawValue), bigEndian: flags)
        message.add(UInt16(NFTA_SET_KEY_TYPE.rawValue), bigEndian: FirewallSet.type(set.key))
        message.add(UInt16(NFTA_SET_KEY_LEN.rawValue), bigEndian: FirewallSet.size(set.key))
        if !set.value.isEmpty {
            message.add(UInt16(NFTA_SET_DATA_TYPE.rawValue), bigEndian: FirewallSet.type(set.value))
            message.add(UInt16(NFTA_SET_DATA_LEN.rawValue), bigEndian: FirewallSet.size(set.value))
        }
        if set.leadsToChains {
            message.add(UInt16(NFTA_SET_DATA_TYPE.rawValue), bigEndian: NFT_DATA_VERDICT.rawValue)
        }
        message.add(UInt16(NFTA_SET_ID.rawValue), bigEndian: id)
        if set.key == [.interfaceName] {
            // For `nft` alone: NFTNL_UDATA_SET_KEYBYTEORDER, four bytes, BYTEORDER_HOST_ENDIAN; it prints "" without.
            message.add(UInt16(NFTA_SET_USERDATA.rawValue), bytes: [0, 4, 1, 0, 0, 0])
        }
        if set.key.count > 1 {
            message.nest(UInt16(NFTA_SET_DESC.rawValue)) { message in
                message.nest(UInt16(NFTA_SET_DESC_CONCAT.rawValue)) { message in
                    for field in set.key {
                        message.nest(UInt16(NFTA_LIST_ELEM.rawValue)) { message in
                            message.add(UInt16(NFTA_SET_FIELD_LEN.rawValue), bigEndian: UInt32(field.size))
                        }
                    }
                }
            }
        }
        return NetlinkRequest("make firewall set", "\(set.name) of table \(name)", message)
    }

    /// Adds elements; those that are there already, with the same value, stay.
    public func add(_ elements: [FirewallSet.Element], to set: FirewallSet) -> [NetlinkRequest] {
        change(elements, of: set, NFT_MSG_NEWSETELEM, flags: NLM_F_CREATE, "add to firewall set")
    }

    /// Removes elements, which must be there.
    public func remove(_ elements: [FirewallSet.Element], from set: FirewallSet) -> [NetlinkRequest] {
        change(elements, of: set, NFT_MSG_DELSETELEM, flags: 0, "remove from firewall set")
    }

    /// An element takes at most 100 bytes, and all of a message's must fit into one attribute of 65,535.
    private static let elementsPerMessage = 500

    private func change(
        _ elements: [FirewallSet.Element], of set: FirewallSet, _ kind: nf_tables_msg_types, flags: Int32,
        _ operation: String
    ) -> [NetlinkRequest] {
        stride(from: 0, to: elements.count, by: Self.elementsPerMessage).map { start in
            var message = message(kind, flags: flags)
            message.add(UInt16(NFTA_SET_ELEM_LIST_TABLE.rawValue), text: name)
            message.add(UInt16(NFTA_SET_ELEM_LIST_SET.rawValue), text: set.name)
            message.nest(UInt16(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue)) { message in
                for element in elements[start..<min(start + Self.elementsPerMessage, elements.count)] {
                    message.nest(UInt16(NFTA_LIST_ELEM.rawValue)) { message in
                        message.addData(UInt16(NFTA_SET_ELEM_KEY.rawValue), element.key)
                        if !element.value.isEmpty {
                            message.addData(UInt16(NFTA_SET_ELEM_DATA.rawValue), element.value)
                        }
                        if let chain = element.chain {
                            message.nest(UInt16(NFTA_SET_ELEM_DATA.rawValue)) { $0.addVerdict(.jump(chain)) }
                        }
                    }
                }
            }
            return NetlinkRequest(operation, "\(set.name) of table \(name)", message)
        }
    }
}
