public import ContainerNetwork
public import LinuxNetwork

extension EndpointRequest {
    /// Parses the value of `--network` for a network: `NAME`, or Docker's long form `name=NAME,alias=…,ip=…,ip6=…,mac-address=…`.
    ///
    /// - Throws: `ConfigurationError`.
    public init(parsing text: String, option: String) throws(ConfigurationError) {
        guard text.utf8.contains(UInt8(ascii: "=")) else {
            self.init(network: try NetworkText.name(text, option: option))
            return
        }
        var request = EndpointRequest(network: "")
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let value = pair.count == 2 ? pair[1] : ""
            switch pair[0] {
            case "name": request.network = try NetworkText.name(value, option: option)
            case "alias": request.aliases.append(try NameText.hostname(value, option: option))
            case "ip", "ip6": request.addresses.append(try NetworkText.address(value, option: option))
            case "mac-address": request.linkAddress = try NetworkText.linkAddress(value, option: option)
            default:
                throw ConfigurationError(
                    option, text, "there is no such key: \(ConfigurationError.quoted(pair[0]))",
                    accepted: "give name, alias, ip, ip6 or mac-address")
            }
        }
        guard !request.network.isEmpty else {
            throw ConfigurationError(option, text, "it names no network", accepted: "give name=NETWORK")
        }
        self = request
    }
}

/// Parts of networks' options.
public enum NetworkText {
    /// A network's name.
    ///
    /// - Throws: `ConfigurationError`.
    public static func name(_ text: String, option: String) throws(ConfigurationError) -> String {
        guard NameText.isName(text, minimum: 1), text.utf8.count <= 64 else {
            throw ConfigurationError(
                option, text, "it is no network's name",
                accepted: "give 1 to 64 letters, digits, _, . and -, the first a letter or digit")
        }
        return text
    }

    /// An IP address.
    ///
    /// - Throws: `ConfigurationError`.
    public static func address(_ text: String, option: String) throws(ConfigurationError) -> IPAddress {
        guard let address = IPAddress(text) else {
            throw ConfigurationError(
                option, text, "it is no IP address", accepted: "give one like 172.20.0.5 or fd00::5")
        }
        return address
    }

    /// A network with the length of its prefix.
    ///
    /// - Throws: `ConfigurationError`.
    public static func network(_ text: String, option: String) throws(ConfigurationError) -> IPNetwork {
        guard let network = IPNetwork(text) else {
            throw ConfigurationError(
                option, text, "it is no network", accepted: "give one like 172.20.0.0/16 or fd00:1::/64")
        }
        return network
    }

    /// An interface's address.
    ///
    /// - Throws: `ConfigurationError`.
    public static func linkAddress(_ text: String, option: String) throws(ConfigurationError) -> MACAddress {
        guard let address = MACAddress(text), address.isUnicast else {
            throw ConfigurationError(
                option, text, "it is no MAC address of one interface", accepted: "give one like 02:42:ac:11:00:02")
        }
        return address
    }

    /// A line for /etc/hosts, `name:address` or `name=address`.
    ///
    /// - Throws: `ConfigurationError`.
    public static func extraHost(_ text: String, option: String) throws(ConfigurationError) -> String {
        let accepted = "give NAME:ADDRESS, like db:10.0.0.5 or host.internal:host-gateway"
        guard let end = text.firstIndex(where: { $0 == ":" || $0 == "=" }) else {
            throw ConfigurationError(option, text, "it has no address", accepted: accepted)
        }
        let name = try NameText.hostname(String(text[..<end]), option: option)
        var address = String(text[text.index(after: end)...])
        if address.first == "[", address.last == "]" { address = String(address.dropFirst().dropLast()) }
        guard address == "host-gateway" || IPAddress(address) != nil else {
            throw ConfigurationError(
                option, text, "\(ConfigurationError.quoted(address)) is no address", accepted: accepted)
        }
        return "\(name):\(address)"
    }

    /// Another container and its alias.
    ///
    /// - Throws: `ConfigurationError`.
    public static func link(_ text: String, option: String) throws(ConfigurationError) -> String {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ NameText.isName($0, minimum: 1) }) else {
            throw ConfigurationError(option, text, "it is no container and alias", accepted: "give CONTAINER[:ALIAS]")
        }
        return text
    }

    /// A domain of `--dns-search`.
    ///
    /// - Throws: `ConfigurationError`.
    public static func domain(_ text: String, option: String) throws(ConfigurationError) -> String {
        if text == "." { return text }
        guard text.utf8.count <= 253, NameText.isName(text, minimum: 1) else {
            throw ConfigurationError(option, text, "it is no domain")
        }
        return text
    }

    /// An option of resolv.conf(5): no blanks and control characters, which would begin another one, or another line.
    ///
    /// - Throws: `ConfigurationError`.
    public static func resolverOption(_ text: String, option: String) throws(ConfigurationError) -> String {
        guard !text.isEmpty, text.utf8.allSatisfy({ (33...126).contains($0) }) else {
            throw ConfigurationError(option, text, "it is no option of resolv.conf", accepted: "give one like ndots:2")
        }
        return text
    }
}
