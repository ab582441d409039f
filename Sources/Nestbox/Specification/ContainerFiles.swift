internal import LinuxSystem

/// The three files of a container that the engine writes: /etc/hostname, /etc/hosts and /etc/resolv.conf.
///
/// They are written at every start. Their owner is the host's root, whom the ID-mapped bind mount shows as the container's.
enum ContainerFiles {
    /// What Docker puts in /etc/hosts of a container.
    static func hosts(hostname: String?, domainname: String?, address: String?) -> String {
        var text = """
            127.0.0.1\tlocalhost
            ::1\tlocalhost ip6-localhost ip6-loopback
            fe00::\tip6-localnet
            ff00::\tip6-mcastprefix
            ff02::1\tip6-allnodes
            ff02::2\tip6-allrouters

            """
        if let address, let hostname {
            let full = domainname.map { "\(hostname).\($0) " } ?? ""
            text += "\(address)\t\(full)\(hostname)\n"
        }
        return text
    }

    /// Writes the three.
    ///
    /// Without a network of its own a container sees the host's names and servers; with no network, no servers are of use, but
    /// programs expect the file.
    static func write(_ input: SpecificationInput) throws(SystemError) {
        let files = input.files
        let isHostNetwork = input.configuration.network == .host
        try StoredFile.write(files.hostname, (input.hostname ?? input.facts.hostname) + "\n", mode: 0o644)
        let hosts = isHostNetwork ? try StoredFile.readText("/etc/hosts") : nil
        try StoredFile.write(
            files.hosts, hosts ?? Self.hosts(hostname: nil, domainname: nil, address: nil), mode: 0o644)
        try StoredFile.write(files.resolv, try StoredFile.readText("/etc/resolv.conf") ?? "", mode: 0o644)
    }
}
