internal import CLinux
internal import Glibc
public import LinuxSystem

/// One end of a pair of interfaces inside a container.
public struct VirtualEthernetPeer: Sendable, Hashable {
    /// Its name there: `eth0`.
    public var name: String
    /// Its address on the link.
    public var address: MACAddress
    /// The descriptor of the network namespace, which must stay open until the request was performed.
    public var namespace: Int32

    /// The end in another network namespace.
    public init(name: String, address: MACAddress, namespace: borrowing NetworkNamespace) {
        self.name = name
        self.address = address
        self.namespace = namespace.descriptor.rawValue
    }
}

/// Requests about interfaces (rtnetlink(7)).
extension NetlinkRequest {
    /// Makes a pair of connected interfaces: `name` here, as a port of the bridge `master`, and `peer` in another network
    /// namespace; both still have to be brought up.
    ///
    /// - Parameters:
    ///   - master: the bridge's number.
    ///   - mtu: the most bytes in a packet; nil: the kernel's 1500.
    ///   - peer: the other end.
    public static func makeVirtualEthernet(
        _ name: String, master: Int32, mtu: UInt32?, peer: VirtualEthernetPeer
    ) -> NetlinkRequest {
        var message = NetlinkMessage(
            type: UInt16(RTM_NEWLINK), flags: NLM_F_CREATE | NLM_F_EXCL, fixed: Self.link())
        message.add(UInt16(IFLA_IFNAME), text: name)
        message.add(UInt16(IFLA_MASTER), master)
        if let mtu { message.add(UInt16(IFLA_MTU), mtu) }
        message.nest(UInt16(IFLA_LINKINFO)) { message in
            message.add(UInt16(IFLA_INFO_KIND), text: "veth")
            message.nest(UInt16(IFLA_INFO_DATA)) { message in
                message.nest(UInt16(VETH_INFO_PEER)) { message in
                    // It can come up only when the pair is complete, from inside.
                    message.addStructure(Self.link())
                    message.add(UInt16(IFLA_IFNAME), text: peer.name)
                    message.add(UInt16(IFLA_ADDRESS), bytes: peer.address.bytes)
                    message.add(UInt16(IFLA_NET_NS_FD), peer.namespace)
                    if let mtu { message.add(UInt16(IFLA_MTU), mtu) }
                }
            }
        }
        return NetlinkRequest("make interface", name, message)
    }

    /// Makes an interface in another network namespace that appears on the link of `parent` with an address of its own
    /// (macvlan, mode bridge); it still has to be brought up.
    ///
    /// - Parameter parent: the number of an interface here.
    public static func makeMACVLAN(parent: Int32, mtu: UInt32?, peer: VirtualEthernetPeer) -> NetlinkRequest {
        var message = NetlinkMessage(
            type: UInt16(RTM_NEWLINK), flags: NLM_F_CREATE | NLM_F_EXCL, fixed: Self.link())
        message.add(UInt16(IFLA_IFNAME), text: peer.name)
        message.add(UInt16(IFLA_ADDRESS), bytes: peer.address.bytes)
        message.add(UInt16(IFLA_LINK), parent)
        message.add(UInt16(IFLA_NET_NS_FD), peer.namespace)
        if let mtu { message.add(UInt16(IFLA_MTU), mtu) }
        message.nest(UInt16(IFLA_LINKINFO)) { message in
            message.add(UInt16(IFLA_INFO_KIND), text: "macvlan")
            message.nest(UInt16(IFLA_INFO_DATA)) { message in
                message.add(UInt16(IFLA_MACVLAN_MODE), UInt32(MACVLAN_MODE_BRIDGE.rawValue))
            }
        }
        return NetlinkRequest("make interface", peer.name, message)
    }

    /// Makes a bridge; it is not up yet.
    public static func makeBridge(_ name: String, address: MACAddress?, mtu: UInt32?) -> NetlinkRequest {
        var message = NetlinkMessage(
            type: UInt16(RTM_NEWLINK), flags: NLM_F_CREATE | NLM_F_EXCL, fixed: Self.link())
        message.add(UInt16(IFLA_IFNAME), text: name)
        if let address { message.add(UInt16(IFLA_ADDRESS), bytes: address.bytes) }
        if let mtu { message.add(UInt16(IFLA_MTU), mtu) }
        message.nest(UInt16(IFLA_LINKINFO)) { message in
            message.add(UInt16(IFLA_INFO_KIND), text: "bridge")
            message.nest(UInt16(IFLA_INFO_DATA)) { message in
                // struct br_boolopt_multi of linux/if_bridge.h, the values and which of them are meant: bit 0 is
                // BR_BOOLOPT_NO_LL_LEARN. From frames to its own group of addresses (LLDP above all), which no filter sees, the
                // bridge would learn where a sender is, and give a container the packets of another.
                message.add(
                    UInt16(IFLA_BR_MULTI_BOOLOPT),
                    bytes: [UInt32(1), UInt32(1)].flatMap { withUnsafeBytes(of: $0, Array.init) })
            }
        }
        return NetlinkRequest("make bridge", name, message)
    }

    /// Lets packets to 127.0.0.0/8 be routed over an interface (`route_localnet` of ip-sysctl.rst), which ports published on
    /// the host's loopback need.
    public static func routeLoopback(over name: String, index: Int32) -> NetlinkRequest {
        var message = NetlinkMessage(type: UInt16(RTM_SETLINK), fixed: Self.link(index: index))
        message.nest(UInt16(IFLA_AF_SPEC)) { message in
            message.nest(UInt16(AF_INET)) { message in
                message.nest(UInt16(IFLA_INET_CONF)) { message in
                    // IPV4_DEVCONF_ROUTE_LOCALNET of linux/ip.h.
                    message.add(26, UInt32(1))
                }
            }
        }
        return NetlinkRequest("route the loopback over", name, message)
    }

    /// Lets a bridge's port send packets back to where they came from, as published ports need under br_netfilter; and keeps
    /// it from exchanging packets with other isolated ports.
    ///
    /// It gets no IPv6 address of its own: a port of a bridge needs none.
    public static func setPort(_ name: String, isIsolated: Bool) -> NetlinkRequest {
        var message = NetlinkMessage(type: UInt16(RTM_NEWLINK), fixed: Self.link())
        message.add(UInt16(IFLA_IFNAME), text: name)
        message.nest(UInt16(IFLA_LINKINFO)) { message in
            message.add(UInt16(IFLA_INFO_SLAVE_KIND), text: "bridge")
            message.nest(UInt16(IFLA_INFO_SLAVE_DATA)) { message in
                message.add(UInt16(IFLA_BRPORT_MODE), UInt8(1))
                if isIsolated { message.add(UInt16(IFLA_BRPORT_ISOLATED), UInt8(1)) }
            }
        }
        message.nest(UInt16(IFLA_AF_SPEC)) { message in
            message.nest(UInt16(AF_INET6)) { message in
                message.add(UInt16(IFLA_INET6_ADDR_GEN_MODE), UInt8(IN6_ADDR_GEN_MODE_NONE.rawValue))
            }
        }
        return NetlinkRequest("set up bridge port", name, message)
    }

    /// Brings an interface up.
    public static func bringUp(_ name: String) -> NetlinkRequest {
        var message = NetlinkMessage(type: UInt16(RTM_NEWLINK), fixed: Self.link(isUp: true))
        message.add(UInt16(IFLA_IFNAME), text: name)
        return NetlinkRequest("bring up", name, message)
    }

    /// Brings an interface up.
    public static func bringUp(_ name: String, index: Int32) -> NetlinkRequest {
        NetlinkRequest(
            "bring up", name, NetlinkMessage(type: UInt16(RTM_SETLINK), fixed: Self.link(index: index, isUp: true)))
    }

    /// Removes an interface, and with it the other end of a pair; one that is not there is no fault.
    public static func removeLink(_ name: String) -> NetlinkRequest {
        var message = NetlinkMessage(type: UInt16(RTM_DELLINK), fixed: Self.link())
        message.add(UInt16(IFLA_IFNAME), text: name)
        return NetlinkRequest("remove interface", name, message, tolerated: [Errno(ENODEV)])
    }

    /// The message of ``removeLink(_:)``, for somebody who sends it later and does not wait for the answer.
    public static func removalMessage(_ name: String) -> [UInt8] {
        var message = removeLink(name).message
        message.seal(sequence: 1, flags: 0)
        return message.bytes
    }

    /// Asks about an interface.
    public static func link(named name: String) -> NetlinkRequest {
        var message = NetlinkMessage(type: UInt16(RTM_GETLINK), fixed: Self.link())
        message.add(UInt16(IFLA_IFNAME), text: name)
        return NetlinkRequest("look up interface", name, message)
    }

    private static func link(index: Int32 = 0, isUp: Bool = false, family: UInt8 = 0) -> ifinfomsg {
        let up = UInt32(IFF_UP)
        return ifinfomsg(
            ifi_family: family, __ifi_pad: 0, ifi_type: 0, ifi_index: index, ifi_flags: isUp ? up : 0,
            ifi_change: isUp ? up : 0)
    }
}

/// An interface as the kernel describes it.
public struct NetworkInterface: Sendable, Hashable {
    /// Its number in its network namespace.
    public var index: Int32
    /// Whether it is up.
    public var isUp: Bool
}

extension NetlinkSocket {
    /// An interface in the socket's network namespace; nil when there is none of this name.
    ///
    /// - Throws: `SystemError`.
    public func interface(named name: String) throws(SystemError) -> NetworkInterface? {
        do throws(SystemError) {
            let replies = try answers(to: .link(named: name), isDump: false)
            // struct ifinfomsg: family, padding, type, index, flags.
            guard let index = replies.first?.number(at: 4, as: Int32.self),
                let flags = replies.first?.number(at: 8, as: UInt32.self)
            else { throw SystemError("look up interface", name, Errno(EPROTO)) }
            return NetworkInterface(index: index, isUp: flags & UInt32(IFF_UP) != 0)
        } catch  where error.errno == Errno(ENODEV) {
            return nil
        }
    }

    /// The number of an interface in the socket's network namespace.
    ///
    /// - Throws: `SystemError`; `ENODEV` when there is none of this name.
    public func index(of name: String) throws(SystemError) -> Int32 {
        guard let interface = try interface(named: name) else {
            throw SystemError("look up interface", name, Errno(ENODEV))
        }
        return interface.index
    }
}
