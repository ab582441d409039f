internal import CLinux
internal import Glibc

/// An nf_tables table, and the requests that make what is in it.
public struct FirewallTable: Sendable, Hashable {
    /// Which packets a table sees.
    public enum Family: UInt8, Sendable {
        /// IPv4 and IPv6 (NFPROTO_INET).
        case inet = 1
        /// Frames that cross a bridge (NFPROTO_BRIDGE).
        case bridge = 7
    }

    /// Which packets it sees.
    public let family: Family
    /// Its name.
    public let name: String

    /// A table, which may or may not exist.
    public init(_ family: Family, name: String) {
        self.family = family
        self.name = name
    }

    private func message(_ kind: nf_tables_msg_types, flags: Int32 = 0) -> NetlinkMessage {
        NetlinkMessage(
            type: UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(kind.rawValue), flags: flags,
            fixed: nfgenmsg(nfgen_family: family.rawValue, version: UInt8(NFNETLINK_V0), res_id: 0))
    }

    // MARK: - The table

    /// Makes the table; one that exists stays as it is.
    public func make() -> NetlinkRequest {
        var message = message(NFT_MSG_NEWTABLE, flags: NLM_F_CREATE)
        message.add(UInt16(NFTA_TABLE_NAME.rawValue), text: name)
        return NetlinkRequest("make firewall table", name, message)
    }

    /// Removes the table, which must exist, with all that is in it.
    public func remove() -> NetlinkRequest {
        var message = message(NFT_MSG_DELTABLE)
        message.add(UInt16(NFTA_TABLE_NAME.rawValue), text: name)
        return NetlinkRequest("remove firewall table", name, message)
    }

    /// Asks whether the table exists.
    public func find() -> NetlinkRequest {
        var message = message(NFT_MSG_GETTABLE)
        message.add(UInt16(NFTA_TABLE_NAME.rawValue), text: name)
        return NetlinkRequest("look up firewall table", name, message)
    }

    /// Asks for all rules of the table, one answer each.
    public func rules() -> NetlinkRequest {
        var message = message(NFT_MSG_GETRULE)
        message.add(UInt16(NFTA_RULE_TABLE.rawValue), text: name)
        return NetlinkRequest("list the rules of firewall table", name, message)
    }

    /// A rule that is installed.
    public struct InstalledRule: Sendable, Hashable {
        /// The chain that it belongs to.
        public let chain: String
        /// Why it is there, as far as its maker has said so.
        public let comment: String

        /// Reads an answer to ``FirewallTable/rules()``.
        public init(_ answer: NetlinkReply) {
            let attributes = answer.attributes(after: MemoryLayout<nfgenmsg>.size)
            chain = attributes.text(UInt16(NFTA_RULE_CHAIN.rawValue)) ?? ""
            let data = Array(attributes.bytes(UInt16(NFTA_RULE_USERDATA.rawValue)) ?? [])
            // As libnftnl writes it: kind 0, the length, and the text with its zero.
            let isComment = data.count > 2 && data[0] == 0 && Int(data[1]) <= data.count - 2
            comment = isComment ? String(decoding: data.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self) : ""
        }
    }

    // MARK: - Chains and rules

    /// Where a chain stands among all those that see a packet (`enum nf_inet_hooks`; priorities of linux/netfilter_ipv4.h).
    public enum Hook: UInt32, Sendable {
        case prerouting = 0
        case input = 1
        case forward = 2
        case output = 3
        case postrouting = 4
    }

    /// Makes a chain that other chains jump to.
    public func makeChain(_ chain: String) -> NetlinkRequest {
        var message = message(NFT_MSG_NEWCHAIN, flags: NLM_F_CREATE)
        message.add(UInt16(NFTA_CHAIN_TABLE.rawValue), text: name)
        message.add(UInt16(NFTA_CHAIN_NAME.rawValue), text: chain)
        return NetlinkRequest("make firewall chain", "\(chain) of table \(name)", message)
    }

    /// Makes a chain that packets come to by themselves; what none of its rules decides on goes on.
    ///
    /// - Parameter kind: `filter` or `nat`.
    public func makeChain(_ chain: String, kind: String, hook: Hook, priority: Int32) -> NetlinkRequest {
        var message = message(NFT_MSG_NEWCHAIN, flags: NLM_F_CREATE)
        message.add(UInt16(NFTA_CHAIN_TABLE.rawValue), text: name)
        message.add(UInt16(NFTA_CHAIN_NAME.rawValue), text: chain)
        message.nest(UInt16(NFTA_CHAIN_HOOK.rawValue)) { message in
            message.add(UInt16(NFTA_HOOK_HOOKNUM.rawValue), bigEndian: hook.rawValue)
            message.add(UInt16(NFTA_HOOK_PRIORITY.rawValue), bigEndian: priority)
        }
        message.add(UInt16(NFTA_CHAIN_POLICY.rawValue), bigEndian: FirewallExpression.Verdict.accept.code)
        message.add(UInt16(NFTA_CHAIN_TYPE.rawValue), text: kind)
        return NetlinkRequest("make firewall chain", "\(chain) of table \(name)", message)
    }

    /// Adds a rule at the end of a chain.
    ///
    /// - Parameter comment: why it is there; at most 127 bytes.
    public func addRule(
        to chain: String, _ expressions: [FirewallExpression], comment: String
    ) -> NetlinkRequest {
        var message = message(NFT_MSG_NEWRULE, flags: NLM_F_CREATE | NLM_F_APPEND)
        message.add(UInt16(NFTA_RULE_TABLE.rawValue), text: name)
        message.add(UInt16(NFTA_RULE_CHAIN.rawValue), text: chain)
        message.nest(UInt16(NFTA_RULE_EXPRESSIONS.rawValue)) { message in
            for expression in expressions {
                message.nest(UInt16(NFTA_LIST_ELEM.rawValue)) { message in
                    message.add(UInt16(NFTA_EXPR_NAME.rawValue), text: expression.name)
                    message.nest(UInt16(NFTA_EXPR_DATA.rawValue)) { expression.encode(into: &$0) }
                }
            }
        }
        // As libnftnl writes it: kind 0 (a comment), the length, and the text with its zero.
        let text = Array(comment.utf8.prefix(127)) + [0]
        message.add(UInt16(NFTA_RULE_USERDATA.rawValue), bytes: [0, UInt8(text.count)] + text)
        return NetlinkRequest("add a rule to firewall chain", "\(chain) of table \(name) (\(comment))", message)
    }
}
