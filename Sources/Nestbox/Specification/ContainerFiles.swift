internal import LinuxNetwork
internal import LinuxSystem

/// What a container's names and servers depend on besides what was asked for.
struct NameSurroundings {
    /// The whole of /etc/hosts, where it is somebody else's; nil: its own.
    var hosts: String?
    /// The whole of /etc/resolv.conf, likewise.
    var resolver: String?
    /// The container's own addresses.
    var addresses: [IPAddress] = []
    /// More lines of /etc/hosts.
    var links: [String] = []
    /// The host's address on the container's first network.
    var gateway: IPAddress?
    /// The servers of the container's networks; nil: the host's.
    var servers: [IPAddress]?
}

/// The three files of a container that the engine writes: /etc/hostname, /etc/hosts and /etc/resolv.conf.
///
/// They are written at every start. Their owner is the host's root, whom the ID-mapped bind mount shows as the container's.
enum ContainerFiles {
    /// What Docker puts in /etc/hosts of a container.
    ///
    /// - Parameters:
    ///   - hostname: its own name.
    ///   - domainname: its domain.
    ///   - addresses: its own addresses.
    ///   - extra: lines as `name:address`.
    ///   - gateway: what `host-gateway` stands for.
    static func hosts(
        hostname: String, domainname: String?, addresses: [IPAddress], extra: [String], gateway: IPAddress?
    ) -> String {
        var text = """
            127.0.0.1\tlocalhost
            ::1\tlocalhost ip6-localhost ip6-loopback
            fe00::\tip6-localnet
            ff00::\tip6-mcastprefix
            ff02::1\tip6-allnodes
            ff02::2\tip6-allrouters

            """
        let full = domainname.map { "\(hostname).\($0) " } ?? ""
        for line in extra {
            guard let end = line.firstIndex(of: ":") else { continue }
            let address = String(line[line.index(after: end)...])
            let shown = address == "host-gateway" ? gateway.map { "\($0)" } : address
            if let shown { text += "\(shown)\t\(line[..<end])\n" }
        }
        for address in addresses { text += "\(address)\t\(full)\(hostname)\n" }
        return text
    }

    /// /etc/resolv.conf: the host's, with what was asked for in its place.
    ///
    /// - Parameters:
    ///   - host: the host's file.
    ///   - names: what was asked for.
    ///   - servers: the servers of the container's network; nil: the host's, but for those on the host's loopback, which a
    ///     container with interfaces of its own cannot reach.
    static func resolver(host: String, names: NameConfiguration, servers: [IPAddress]?) -> String {
        var (hostServers, search, options): ([String], String?, String?) = ([], nil, nil)
        for line in host.split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
            guard words.count > 1 else { continue }
            switch words[0] {
            case "nameserver": if !words[1].hasPrefix("127."), words[1] != "::1" { hostServers.append(words[1]) }
            case "search", "domain": search = words.dropFirst().joined(separator: " ")
            case "options": options = words.dropFirst().joined(separator: " ")
            default: break
            }
        }
        if let domains = names.searchDomains { search = domains == ["."] ? nil : domains.joined(separator: " ") }
        if let given = names.options { options = given.joined(separator: " ") }
        // Names of containers have no dots: they are asked for as they are, before the host's domain is put behind them.
        if servers != nil, options == nil { options = "ndots:0" }
        let own = servers ?? names.servers
        var text = (own.isEmpty ? hostServers : own.map(\.description)).map { "nameserver \($0)\n" }.joined()
        if let search { text += "search \(search)\n" }
        if let options { text += "options \(options)\n" }
        return text
    }

    /// Writes the three.
    ///
    /// Without a network of its own a container sees the host's names and servers; with no network, no servers are of use, but
    /// programs expect the file.
    static func write(_ input: SpecificationInput, _ surroundings: NameSurroundings) throws(SystemError) {
        let (files, names) = (input.files, input.configuration.names)
        let hostname = input.hostname ?? input.facts.hostname
        try StoredFile.write(files.hostname, hostname + "\n", mode: 0o644)
        var hosts = surroundings.hosts ?? ""
        if surroundings.hosts == nil {
            hosts = Self.hosts(
                hostname: hostname, domainname: input.configuration.domainname, addresses: surroundings.addresses,
                extra: names.extraHosts, gateway: surroundings.gateway)
        }
        hosts += surroundings.links.map { $0 + "\n" }.joined()
        try StoredFile.write(files.hosts, hosts, mode: 0o644)
        var resolver = surroundings.resolver ?? ""
        if surroundings.resolver == nil {
            let host = try StoredFile.readText("/etc/resolv.conf") ?? ""
            resolver = Self.resolver(host: host, names: names, servers: surroundings.servers)
        }
        try StoredFile.write(files.resolv, resolver, mode: 0o644)
    }
}
