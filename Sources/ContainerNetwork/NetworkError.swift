/// What an operation on networks can fail with.
public enum NetworkError: Error, Sendable, Hashable, CustomStringConvertible {
    /// No network has this name or id.
    case noSuchNetwork(String)
    /// Another network has the name.
    case nameInUse(String)
    /// Containers or tasks use the network.
    case inUse(network: String, users: [String])
    /// An address that cannot be given out; the text says why and what to do.
    case address(String)
    /// A port that cannot be published; the text says why and what to do.
    case port(String)
    /// A network's record that cannot be read.
    case damagedRecord(path: String, reason: String)
    /// A setting that cannot be carried out.
    case invalid(String)

    /// One line for a person.
    public var description: String {
        switch self {
        case .noSuchNetwork(let name): "no such network: \(name); 'nestbox network ls' lists them"
        case .nameInUse(let name): "a network named \(name) exists already; remove it or choose another name"
        case .inUse(let network, let users):
            "network \(network) is in use by " + users.prefix(4).map { String($0.prefix(12)) }.joined(separator: ", ")
                + (users.count > 4 ? ", …" : "") + "; remove or disconnect them first"
        case .damagedRecord(let path, let reason):
            "cannot use the record \(path): \(reason); restore it from a copy, or remove its folder and make the network anew"
        case .address(let reason), .port(let reason), .invalid(let reason): reason
        }
    }
}
