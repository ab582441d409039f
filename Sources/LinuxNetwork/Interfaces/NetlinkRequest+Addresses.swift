internal import CLinux
internal import Glibc
public import LinuxSystem

/// Requests about addresses and routes (rtnetlink(7)).
extension NetlinkRequest {
    /// Gives an interface an address.
    ///
    /// An IPv6 address is used at once, without asking whether somebody else on the link has it: ours are leased.
    public static func addAddress(_ address: IPNetwork, to name: String, index: Int32) -> NetlinkRequest {
        let header = ifaddrmsg(
            ifa_family: UInt8(address.address.family.number), ifa_prefixlen: UInt8(address.prefixLength), ifa_flags: 0,
            ifa_scope: 0, ifa_index: UInt32(bitPattern: index))
        var message = NetlinkMessage(type: UInt16(RTM_NEWADDR), flags: NLM_F_CREATE | NLM_F_EXCL, fixed: header)
        message.add(UInt16(IFA_LOCAL), bytes: address.address.bytes)
        message.add(UInt16(IFA_ADDRESS), bytes: address.address.bytes)
        switch address.address {
        case .v4:
            if address.prefixLength < 31 { message.add(UInt16(IFA_BROADCAST), bytes: address.last.bytes) }
        case .v6: message.add(UInt16(IFA_FLAGS), UInt32(IFA_F_NODAD))
        }
        return NetlinkRequest("give address \(address) to", name, message, tolerated: [.exists])
    }

    /// Makes a gateway the way to all other networks.
    ///
    /// - Parameter isOnLink: whether it is beyond the interface although no network of the interface contains it.
    public static func addDefaultRoute(
        by gateway: IPAddress, over name: String, index: Int32, isOnLink: Bool = false
    ) -> NetlinkRequest {
        let header = rtmsg(
            rtm_family: UInt8(gateway.family.number), rtm_dst_len: 0, rtm_src_len: 0, rtm_tos: 0,
            rtm_table: UInt8(RT_TABLE_MAIN.rawValue), rtm_protocol: UInt8(RTPROT_STATIC),
            rtm_scope: UInt8(RT_SCOPE_UNIVERSE.rawValue), rtm_type: UInt8(RTN_UNICAST),
            rtm_flags: isOnLink ? UInt32(RTNH_F_ONLINK) : 0)
        var message = NetlinkMessage(type: UInt16(RTM_NEWROUTE), flags: NLM_F_CREATE | NLM_F_EXCL, fixed: header)
        message.add(UInt16(RTA_GATEWAY.rawValue), bytes: gateway.bytes)
        message.add(UInt16(RTA_OIF.rawValue), index)
        return NetlinkRequest("make \(gateway) the gateway of", name, message)
    }

    /// Lists the routes of a family.
    public static func routes(_ family: IPFamily) -> NetlinkRequest {
        let header = rtmsg(
            rtm_family: UInt8(family.number), rtm_dst_len: 0, rtm_src_len: 0, rtm_tos: 0, rtm_table: 0, rtm_protocol: 0,
            rtm_scope: 0, rtm_type: 0, rtm_flags: 0)
        return NetlinkRequest(
            "list the routes of", family.rawValue, NetlinkMessage(type: UInt16(RTM_GETROUTE), fixed: header))
    }
}

/// A route of this host.
public struct Route: Sendable, Hashable {
    /// Where it leads.
    public var destination: IPNetwork

    /// The routes of the calling thread's network namespace to other hosts, but for the default routes.
    ///
    /// - Throws: `SystemError`.
    public static func all(_ family: IPFamily) throws(SystemError) -> [Route] {
        let socket = try NetlinkSocket(.route)
        let replies = try socket.answers(to: .routes(family))
        return replies.compactMap { reply in
            // struct rtmsg: family, length of the destination, of the source, TOS, table, protocol, scope, type. What belongs
            // to the host itself is in a table of its own.
            guard let length = reply.number(at: 1, as: UInt8.self), length > 0,
                reply.number(at: 7, as: UInt8.self) == UInt8(RTN_UNICAST),
                let bytes = reply.attributes(after: MemoryLayout<rtmsg>.size).bytes(UInt16(RTA_DST.rawValue)),
                let address = IPAddress(bytes: bytes)
            else { return nil }
            return Route(destination: IPNetwork(address, prefixLength: Int(length)))
        }
    }
}
