internal import ContainerNetwork
internal import LinuxNetwork

/// A published port as `nestbox port` prints it.
public struct PortLine: Sendable, Hashable {
    /// `80/tcp`.
    public var containerPort: String
    /// `0.0.0.0:8080`.
    public var host: String
}

extension Engine {
    /// The published ports of a running container, as they are now.
    ///
    /// - Throws: `EngineError`.
    public func publishedPorts(of container: Container) throws(EngineError) -> [PortLine] {
        try EngineError.wrapping {
            guard container.isRunning, let state = try networkState(of: container.id) else { return [] }
            try restoreFirewall()
            return state.ports.flatMap { port in
                port.hostAddresses(families: state.families).map { address in
                    PortLine(containerPort: port.portText, host: "\(address.textBeforePort):\(port.hostPort)")
                }
            }
        }
    }

    /// What `ps` shows of a container's ports.
    public func portText(of container: Container) -> String {
        guard container.isRunning else { return "" }
        return (try? networkState(of: container.id))?.portText ?? ""
    }
}
