internal import LinuxNetwork

/// A rule and why it is there.
struct FirewallRule: Sendable {
    let expressions: [FirewallExpression]
    let reason: String

    init(_ reason: String, _ expressions: [FirewallExpression]) {
        self.reason = reason
        self.expressions = expressions
    }
}

/// What several tables ask of a packet.
enum FirewallCondition {
    /// `NFPROTO_IPV4` and `NFPROTO_IPV6`.
    static let isIPv4: [FirewallExpression] = [.load(.networkProtocol, 0), .equal(0, [2])]
    static let isIPv6: [FirewallExpression] = [.load(.networkProtocol, 0), .equal(0, [10])]
    /// Established and related: bits 1 and 2 of `NF_CT_STATE_BIT`.
    static let isKnown: [FirewallExpression] = [
        .loadConnection(.state, 0), .mask(0, [6, 0, 0, 0]), .notEqual(0, [0, 0, 0, 0]),
    ]
}
