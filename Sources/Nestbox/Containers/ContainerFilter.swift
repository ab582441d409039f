internal import ContainerNetwork
internal import Glibc
internal import OCIRuntime

/// A condition on containers, as in `ps --filter`: several of one kind are alternatives, different kinds must all hold; every
/// `label` must hold.
public enum ContainerFilter: Sendable, Hashable {
    /// The id begins with this.
    case id(String)
    /// The name, with or without a slash before it, matches this extended regular expression.
    case name(String)
    /// It has this label, with this value where one is given.
    case label(String, value: String?)
    /// Where in its life it is.
    case status(String)
    /// The image was given like this, or its id begins with this.
    case ancestor(String)
    /// It has exited with this code.
    case exited(Int32)
    /// It uses the volume, or has a mount at this target.
    case volume(String)
    /// Its health is so: `starting`, `healthy`, `unhealthy`, or `none` without a check.
    case health(String)
    /// It was put on this network when it was made.
    case network(String)

    /// The statuses that a container can have, as `ps` shows them.
    public static let statuses = ["created", "restarting", "running", "paused", "exited"]

    /// Reads `key=value`.
    ///
    /// - Throws: `ConfigurationError` that lists the keys there are.
    public init(_ text: String) throws(ConfigurationError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let accepted =
            "filter by id, name, label, status, ancestor, exited, health, volume or network, like status=exited"
        guard parts.count == 2, !parts[1].isEmpty else {
            throw ConfigurationError("--filter", text, "it has no key or no value", accepted: accepted)
        }
        switch parts[0] {
        case "id": self = .id(parts[1])
        case "name":
            guard Self.isMatch("", of: parts[1]) != nil else {
                throw ConfigurationError(
                    "--filter", text, "it is no regular expression", accepted: "give one like ^web-[0-9]+$")
            }
            self = .name(parts[1])
        case "label":
            let label = parts[1].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            self = .label(String(label[0]), value: label.count > 1 ? String(label[1]) : nil)
        case "status":
            guard Self.statuses.contains(parts[1]) else {
                throw ConfigurationError(
                    "--filter", text, "there is no such status",
                    accepted: "give one of " + Self.statuses.joined(separator: ", "))
            }
            self = .status(parts[1])
        case "ancestor": self = .ancestor(parts[1])
        case "exited":
            guard let code = Int32(parts[1]) else {
                throw ConfigurationError("--filter", text, "it is no exit code", accepted: "give a number")
            }
            self = .exited(code)
        case "health":
            guard ["starting", "healthy", "unhealthy", "none"].contains(parts[1]) else {
                throw ConfigurationError(
                    "--filter", text, "there is no such health", accepted: "give starting, healthy, unhealthy or none")
            }
            self = .health(parts[1])
        case "volume": self = .volume(parts[1])
        case "network": self = .network(parts[1])
        default: throw ConfigurationError("--filter", text, "there is no such key", accepted: accepted)
        }
    }

    private var kind: Int {
        switch self {
        case .id: 0
        case .name: 1
        case .label: 2
        case .status: 3
        case .ancestor: 4
        case .exited: 5
        case .volume: 6
        case .network: 7
        case .health: 8
        }
    }

    /// Whether a part of `text` matches; nil when it is no regular expression (regcomp(3)).
    private static func isMatch(_ text: String, of expression: String) -> Bool? {
        var compiled = regex_t()
        guard regcomp(&compiled, expression, REG_EXTENDED | REG_NOSUB) == 0 else { return nil }
        defer { regfree(&compiled) }
        return regexec(&compiled, text, 0, nil, 0) == 0
    }

    private func holds(for container: Container) -> Bool {
        switch self {
        case .id(let prefix): return container.id.hasPrefix(prefix)
        case .name(let expression):
            return Self.isMatch(container.name, of: expression) == true
                || Self.isMatch("/" + container.name, of: expression) == true
        case .label(let name, let value):
            guard let actual = container.labels[name] else { return false }
            return value.map { $0 == actual } ?? true
        case .status(let status): return container.status == status
        case .ancestor(let image):
            let hex = container.imageID.split(separator: ":").last.map(String.init) ?? container.imageID
            return container.configuration.image == image || container.configuration.image == image + ":latest"
                || container.imageID == image || (image.utf8.count >= 6 && hex.hasPrefix(image))
        case .exited(let code): return container.state.status == .exited && container.state.exitCode == code
        case .network(let name):
            let network = container.configuration.network
            return network.text == name || network.requests.contains { $0.network == name }
        case .health(let health): return (container.health?.status.rawValue ?? "none") == health
        case .volume(let volume):
            return container.record.volumes.contains { $0.name == volume || $0.target == volume }
                || container.configuration.mounts.contains { $0.target == volume || $0.source == volume }
        }
    }

    /// Whether a container satisfies the filters.
    static func matches(_ container: Container, _ filters: [ContainerFilter]) -> Bool {
        for filter in filters {
            if case .label = filter {
                if !filter.holds(for: container) { return false }
            } else if !filters.contains(where: { $0.kind == filter.kind && $0.holds(for: container) }) {
                return false
            }
        }
        return true
    }
}
