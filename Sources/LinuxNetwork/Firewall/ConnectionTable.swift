internal import CLinux
internal import Glibc
internal import LinuxSystem

/// The connections that the kernel keeps track of (conntrack).
public enum ConnectionTable {
    /// UDP, by its number in IP headers.
    private static let udp: UInt8 = 17

    // Numbers of linux/netfilter/nfnetlink_conntrack.h, which includes what clashes with the C library.
    private static let subsystem: UInt16 = 1
    private static let get: UInt16 = 1
    private static let delete: UInt16 = 2
    private static let originalTuple: UInt16 = 1
    private static let tupleAddresses: UInt16 = 1
    private static let sourceIPv4: UInt16 = 1
    private static let sourceIPv6: UInt16 = 3
    private static let tupleProtocol: UInt16 = 2
    private static let protocolNumber: UInt16 = 1
    private static let protocolDestination: UInt16 = 3

    /// Forgets what is known of UDP flows to these ports of the host.
    ///
    /// A flow goes on to where its first packet was redirected, as long as its packets keep it alive: to a container that is gone.
    /// - Throws: `SystemError`.
    public static func forgetUDP(toPorts ports: Set<UInt16>) throws {
        guard !ports.isEmpty else { return }
        try forget { flow in flow.protocolNumber == udp && ports.contains(flow.port) }
    }

    /// Forgets what is known of flows of any protocol from these addresses to a port.
    ///
    /// - Throws: `SystemError`.
    public static func forget(from sources: Set<IPAddress>, toPort port: UInt16) throws {
        try forget { flow in flow.port == port && sources.contains(flow.source) }
    }

    /// What a flow's first packet said.
    private struct Flow {
        let source: IPAddress
        let protocolNumber: UInt8
        let port: UInt16

        init?(_ tuple: NetlinkAttributes) {
            guard let addresses = tuple.nested(tupleAddresses),
                let source = (addresses.bytes(sourceIPv4) ?? addresses.bytes(sourceIPv6)).flatMap({
                    IPAddress(bytes: $0)
                }),
                let parts = tuple.nested(tupleProtocol),
                let number = parts.number(ConnectionTable.protocolNumber, as: UInt8.self),
                let port = parts.number(protocolDestination, as: UInt16.self)
            else { return nil }
            (self.source, protocolNumber, self.port) = (source, number, UInt16(bigEndian: port))
        }
    }

    private static func forget(_ isMeant: (Flow) -> Bool) throws {
        let socket = try NetlinkSocket(.netfilter)
        for family in IPFamily.allCases {
            let replies = try socket.answers(
                to: NetlinkRequest("list", "\(family.rawValue) connections", message(get, family)))
            let requests = replies.compactMap { reply -> NetlinkRequest? in
                let attributes = reply.attributes(after: MemoryLayout<nfgenmsg>.size)
                guard let tuple = attributes.bytes(originalTuple),
                    let flow = attributes.nested(originalTuple).flatMap(Flow.init), isMeant(flow)
                else { return nil }
                var message = message(delete, family)
                message.add(originalTuple | UInt16(NLA_F_NESTED), bytes: Array(tuple))
                // It may have ended meanwhile.
                return NetlinkRequest("forget", "a connection", message, tolerated: [.noSuchFile])
            }
            try socket.perform(requests)
        }
    }

    private static func message(_ kind: UInt16, _ family: IPFamily) -> NetlinkMessage {
        NetlinkMessage(
            type: subsystem << 8 | kind,
            fixed: nfgenmsg(nfgen_family: UInt8(family.number), version: UInt8(NFNETLINK_V0), res_id: 0))
    }
}
