internal import CLinux
internal import Glibc

/// A chain of any software's that the kernel has, and that packets come to by themselves.
public struct FirewallChain: Sendable, Hashable, CustomStringConvertible {
    /// The family of its table, as `nft` writes it.
    public let family: String
    /// The name of its table.
    public let table: String
    /// Its name.
    public let name: String
    /// Where packets come to it from.
    public let hook: FirewallTable.Hook
    /// Whether it drops what none of its rules decides on.
    public let dropsTheRest: Bool

    /// As `nft` writes it behind `list chain`.
    public var description: String { "\(family) \(table) \(name)" }

    /// Asks for the chains of all tables of the families that see routed packets.
    public static func all() -> NetlinkRequest {
        let message = NetlinkMessage(
            type: UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(NFT_MSG_GETCHAIN.rawValue), flags: 0,
            fixed: nfgenmsg(nfgen_family: UInt8(AF_UNSPEC), version: UInt8(NFNETLINK_V0), res_id: 0))
        return NetlinkRequest("list", "firewall chains", message)
    }

    /// Reads an answer to ``all()``; nil for a chain that only other chains lead to, or of another family.
    public init?(_ answer: NetlinkReply) {
        // NFPROTO_INET, NFPROTO_IPV4, NFPROTO_IPV6.
        let families: [UInt8: String] = [1: "inet", 2: "ip", 10: "ip6"]
        let attributes = answer.attributes(after: MemoryLayout<nfgenmsg>.size)
        guard let family = answer.number(at: 0, as: UInt8.self).flatMap({ families[$0] }),
            let number = attributes.nested(UInt16(NFTA_CHAIN_HOOK.rawValue))?
                .number(UInt16(NFTA_HOOK_HOOKNUM.rawValue), as: UInt32.self),
            let hook = FirewallTable.Hook(rawValue: UInt32(bigEndian: number))
        else { return nil }
        self.family = family
        self.hook = hook
        table = attributes.text(UInt16(NFTA_CHAIN_TABLE.rawValue)) ?? ""
        name = attributes.text(UInt16(NFTA_CHAIN_NAME.rawValue)) ?? ""
        let policy = attributes.number(UInt16(NFTA_CHAIN_POLICY.rawValue), as: UInt32.self)
        dropsTheRest = policy == UInt32(bitPattern: FirewallExpression.Verdict.drop.code).bigEndian
    }
}
