internal import ContainerNetwork

extension NamespaceMode {
    /// The kinds of namespaces that an option chooses.
    public enum Kind: String, Sendable, Hashable {
        /// Processes.
        case pid
        /// System V IPC and POSIX message queues.
        case ipc
        /// Host name.
        case uts
        /// The view of the cgroup tree.
        case cgroup
        /// User and group ids.
        case user
    }

    /// Parses the value of `--pid`, `--ipc`, `--uts`, `--cgroupns` or `--userns`.
    ///
    /// - Throws: `ConfigurationError`.
    public init(parsing text: String, kind: Kind, option: String) throws(ConfigurationError) {
        let joinable = kind == .pid || kind == .ipc
        let accepted =
            "give private\(kind == .ipc ? ", shareable" : "")\(joinable ? ", host or container:NAME" : " or host")"
        switch text {
        case "", "private":
            self = .private
        case "host":
            self = .host
        // Every container's IPC namespace can be joined by the next one, so this is the same.
        case "shareable" where kind == .ipc:
            self = .private
        default:
            guard joinable, text.hasPrefix("container:") else {
                throw ConfigurationError(option, text, "there is no such mode", accepted: accepted)
            }
            let name = String(text.dropFirst("container:".count))
            guard NameText.isName(name, minimum: 1) else {
                throw ConfigurationError(
                    option, text, "\(ConfigurationError.quoted(name)) is no container's name or id", accepted: accepted)
            }
            self = .container(name)
        }
    }

    /// As it is written in an option: `private`, `host`, `container:NAME`.
    public var text: String {
        switch self {
        case .private: "private"
        case .host: "host"
        case .container(let name): "container:\(name)"
        }
    }
}

extension NetworkMode {
    /// Parses the value of `--network`.
    ///
    /// - Throws: `ConfigurationError`.
    public init(parsing text: String, option: String) throws(ConfigurationError) {
        switch text {
        case "host": self = .host
        case "none": self = .none
        case "", "default": self = .bridge
        default:
            let accepted = "give host, none, bridge, container:NAME, task:NAME or the name of a network"
            if text.hasPrefix("container:") {
                let name = String(text.dropFirst("container:".count))
                guard NameText.isName(name, minimum: 1) else {
                    throw ConfigurationError(
                        option, text, "\(ConfigurationError.quoted(name)) is no container's name or id",
                        accepted: accepted)
                }
                self = .container(name)
                return
            }
            if text.hasPrefix("task:") {
                self = .task(try NetworkText.name(String(text.dropFirst("task:".count)), option: option))
                return
            }
            self = .networks([try EndpointRequest(parsing: text, option: option)])
        }
    }

    /// As it is written in an option.
    public var text: String {
        switch self {
        case .host: "host"
        case .none: "none"
        case .container(let name): "container:\(name)"
        case .task(let name): "task:\(name)"
        case .networks(let requests): requests.map(\.network).joined(separator: ",")
        }
    }
}
