public import ContainerNetwork
internal import LinuxNetwork

extension PortMapping {
    /// Parses the value of `--publish`: `[[ADDRESS:][HOSTPORT[-LAST]]:]PORT[-LAST][/PROTOCOL]`.
    ///
    /// A range of container ports is a mapping each; a longer range of the host's for a single port means any of it.
    /// - Throws: `ConfigurationError`.
    public static func parse(_ text: String, option: String) throws(ConfigurationError) -> [PortMapping] {
        let accepted = "give [ADDRESS:][HOSTPORT:]PORT[/tcp|udp|sctp], like 8080:80, 127.0.0.1:8080:80 or 80"
        var rest = text[...]
        var transport = TransportProtocol.tcp
        if let slash = rest.lastIndex(of: "/") {
            let name = String(rest[rest.index(after: slash)...]).lowercased()
            guard let known = TransportProtocol(rawValue: name) else {
                throw ConfigurationError(
                    option, text, "there is no protocol \(ConfigurationError.quoted(name))", accepted: accepted)
            }
            transport = known
            rest = rest[..<slash]
        }
        var address: IPAddress?
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]"), rest[end...].dropFirst().first == ":",
                let given = IPAddress(String(rest[..<end].dropFirst())), given.family == .v6
            else { throw ConfigurationError(option, text, "its address is no IPv6 address", accepted: accepted) }
            address = given
            rest = rest[end...].dropFirst(2)
        }
        var parts = rest.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 3, address == nil {
            if !parts[0].isEmpty {
                guard let given = IPAddress(parts[0]) else {
                    throw ConfigurationError(
                        option, text, "\(ConfigurationError.quoted(parts[0])) is no address", accepted: accepted)
                }
                address = given
            }
            parts.removeFirst()
        }
        guard parts.count <= 2, let inside = range(parts[parts.count - 1]), inside.lowerBound > 0 else {
            throw ConfigurationError(option, text, "it is no port mapping", accepted: accepted)
        }
        guard address != IPAddress("::1") else {
            throw ConfigurationError(
                option, text, "what comes from ::1 cannot leave the loopback interface",
                accepted: "publish on 127.0.0.1, or on another address")
        }
        let outsideText = parts.count == 2 ? parts[0] : ""
        guard !outsideText.isEmpty, outsideText != "0" else {
            return inside.map { PortMapping(transport, hostAddress: address, hostPorts: nil, containerPort: $0) }
        }
        guard let outside = range(outsideText), outside.lowerBound > 0 else {
            throw ConfigurationError(
                option, text, "\(ConfigurationError.quoted(outsideText)) is no port of the host", accepted: accepted)
        }
        if inside.count == 1 {
            return [PortMapping(transport, hostAddress: address, hostPorts: outside, containerPort: inside.lowerBound)]
        }
        guard inside.count == outside.count else {
            throw ConfigurationError(
                option, text, "the ranges have \(outside.count) and \(inside.count) ports",
                accepted: "give ranges of the same length")
        }
        return zip(outside, inside).map { outside, inside in
            PortMapping(transport, hostAddress: address, hostPorts: outside...outside, containerPort: inside)
        }
    }

    /// Parses what an image or `--expose` names: `PORT[-LAST][/PROTOCOL]`; nothing when it is no such thing.
    static func exposed(_ text: String) -> [PortMapping] {
        let mappings = (try? parse(text, option: "--expose")) ?? []
        return mappings.allSatisfy { $0.hostAddress == nil && $0.hostPorts == nil } ? mappings : []
    }

    private static func range(_ text: String) -> ClosedRange<UInt16>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(ends.count), let first = ends.first.flatMap(number),
            let last = ends.last.flatMap(number),
            first <= last
        else { return nil }
        return first...last
    }

    private static func number(_ text: Substring) -> UInt16? {
        text.allSatisfy(\.isASCIIDigit) ? UInt16(text) : nil
    }
}
