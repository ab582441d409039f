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
    /// The host's own interfaces.
    case host
    /// A namespace of its own with nothing but a loopback interface.
    case none
}
