internal import ContainerNetwork
internal import LinuxNetwork

extension Engine {
    /// What is installed in the kernel's firewall and why, for a person.
    ///
    /// - Throws: `EngineError`.
    public func firewallText() throws(EngineError) -> String {
        try EngineError.wrapping {
            let containers = try list()
            var text = ""
            for (table, rules) in try hostNetwork.firewall.installedRules() {
                text += "table \(table)" + (rules.isEmpty ? ": not installed\n" : "\n")
                var last = ""
                for (chain, reason) in rules {
                    if chain != last { text += "  chain \(chain)\n" }
                    last = chain
                    text += "    \(reason)\n"
                }
            }
            text += "networks\n"
            for network in try networks() {
                let subnets = network.subnets.map { "\($0.network)" }.joined(separator: ", ")
                let kind = [
                    network.isInternal ? "internal" : nil, network.isIsolated ? "isolated" : nil,
                    network.masquerades && !network.isInternal ? "masqueraded" : nil,
                ].compactMap(\.self).joined(separator: ", ")
                text += "  \(network.bridge)  \(subnets)  \(kind)  (network \(network.name))\n"
            }
            text += "interfaces and published ports of running containers\n"
            for container in containers {
                guard let state = try networkState(of: container.id) else { continue }
                for attachment in state.attachments {
                    let endpoint = attachment.endpoint
                    text +=
                        "  \(attachment.hostInterface)  may send as \(endpoint.linkAddress) "
                        + endpoint.addresses.map(\.description).joined(separator: ", ")
                        + "  (container \(container.name))\n"
                }
                for port in state.ports {
                    let target = state.attachments.first?.endpoint.addresses.map {
                        "\($0.textBeforePort):\(port.containerPort)"
                    }
                    for address in port.hostAddresses(families: state.families) {
                        text +=
                            "  \(address.textBeforePort):\(port.hostPort)/\(port.transport.rawValue) leads to "
                            + (target ?? []).joined(separator: ", ") + "  (container \(container.name))\n"
                    }
                }
            }
            let barriers = try hostNetwork.firewall.foreignBarriers()
            if !barriers.isEmpty {
                text += "other software drops what containers send and get, unless its own rules let it pass\n"
            }
            for chain in barriers { text += "  chain \(chain)\n" }
            return text
        }
    }
}
