public import ContainerNetwork

/// Whose namespace of one kind a container lives in.
public enum NamespaceMode: Sendable, Hashable {
    /// Its own.
    case `private`
    /// The host's.
    case host
    /// Another container's, by name or id.
    case container(String)
}

/// What network a container sees.
public enum NetworkMode: Sendable, Hashable {
    /// Interfaces of its own on these networks; the first is its way out.
    case networks([EndpointRequest])
    /// The host's own interfaces.
    case host
    /// A namespace of its own with nothing but a loopback interface.
    case none
    /// Another container's interfaces, by its name or id.
    case container(String)

    /// The interface of a task, by its name, which all containers of the task share.
    case task(String)

    /// The default network.
    public static let bridge = NetworkMode.networks([EndpointRequest(network: NetworkDefinition.defaultName)])

    /// The networks that it asks for.
    public var requests: [EndpointRequest] {
        if case .networks(let requests) = self { requests } else { [] }
    }

    /// Whether the container gets a network namespace of its own.
    public var isPrivate: Bool {
        switch self {
        case .networks, .none: true
        case .host, .container, .task: false
        }
    }
}
