internal import LinuxSystem
internal import OCISpec

/// The container's process: command, environment, folder, limits.
extension SpecificationInput {
    /// Docker's default search path.
    static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// - Throws: `EngineError.invalidConfiguration`.
    func process(capabilities: CapabilitySet) throws(EngineError) -> RuntimeSpecification.Process {
        RuntimeSpecification.Process(
            terminal: configuration.tty, consoleSize: configuration.tty ? consoleSize : nil, user: .init(),
            args: try arguments(), env: environment(),
            cwd: workingDirectory, capabilities: Self.processCapabilities(capabilities), rlimits: try limits(),
            noNewPrivileges: configuration.securityOptions.noNewPrivileges, oomScoreAdj: configuration.oomScoreAdjust)
    }

    private var consoleSize: RuntimeSpecification.Process.ConsoleSize? {
        terminalSize.map { .init(height: UInt32($0.rows), width: UInt32($0.columns)) }
    }

    /// Inheritable and ambient stay empty (CVE-2022-24769): a program that is not the superuser's gains nothing on execve.
    static func processCapabilities(_ set: CapabilitySet) -> RuntimeSpecification.Process.Capabilities {
        RuntimeSpecification.Process.Capabilities(bounding: set.names, effective: set.names, permitted: set.names)
    }

    /// The command by Docker's rule: a given entrypoint drops the image's Cmd, a given command replaces it.
    func arguments() throws(EngineError) -> [String] {
        let result =
            if let entrypoint = configuration.entrypoint {
                entrypoint + configuration.command
            } else {
                image.entrypoint + (configuration.command.isEmpty ? image.command : configuration.command)
            }
        guard let program = result.first else {
            throw .invalidConfiguration(
                "no command: image \(configuration.image.escapedForMessage) sets neither Entrypoint nor Cmd; "
                    + "give a command after the image")
        }
        guard !program.isEmpty else { throw .invalidConfiguration("the command is an empty text; give a program") }
        return result
    }

    /// Docker's defaults, then the image's variables, then the caller's; a name without `=` removes the variable.
    ///
    /// HOME is
    /// added by the runtime from the container's passwd file.
    func environment() -> [String] {
        var result = EnvironmentList()
        result.apply("PATH=" + Self.defaultPath)
        result.apply("HOSTNAME=" + (hostname ?? facts.hostname))
        if configuration.tty { result.apply("TERM=xterm") }
        for entry in image.environment { result.apply(entry) }
        for entry in configuration.environment { result.apply(entry) }
        return result.entries
    }

    /// Absolute: a relative one counts from the root, as in Docker.
    var workingDirectory: String {
        let folder = configuration.workingDirectory ?? image.workingDirectory
        return folder.isEmpty ? "/" : EnginePaths.normalised(folder.hasPrefix("/") ? folder : "/" + folder)
    }

    /// The host name of a UTS namespace of the container's own; nil in the host's or another container's.
    var hostname: String? {
        guard configuration.uts == .private else { return nil }
        if let name = configuration.hostname, !name.isEmpty { return name }
        return configuration.network == .host ? facts.hostname : String(id.prefix(12))
    }

    private func limits() throws(EngineError) -> [RuntimeSpecification.Process.Rlimit] {
        var result: [RuntimeSpecification.Process.Rlimit] = []
        for ulimit in configuration.ulimits {
            if !facts.canRaiseLimits, let hard = facts.hardLimits[ulimit.name], ulimit.hard > hard {
                throw .invalidConfiguration(
                    "cannot set --ulimit \(ulimit.name) to \(Self.shown(ulimit.hard)): the hard limit here is "
                        + "\(Self.shown(hard)) and raising it needs CAP_SYS_RESOURCE; "
                        + "use \(ulimit.name)=\(Self.shown(hard)) or less")
            }
            result.append(
                .init(type: "RLIMIT_" + ulimit.name.uppercased(), hard: ulimit.hard, soft: ulimit.soft))
        }
        return result
    }

    private static func shown(_ limit: UInt64) -> String { limit == .max ? "unlimited" : String(limit) }
}

/// Environment variables in their order, each name once.
struct EnvironmentList: Sendable {
    private(set) var entries: [String] = []

    init(_ entries: [String] = []) {
        for entry in entries { apply(entry) }
    }

    /// `NAME=value` sets or replaces, `NAME` alone removes.
    mutating func apply(_ entry: String) {
        let name = entry.utf8.prefix { $0 != UInt8(ascii: "=") }
        let place = entries.firstIndex { existing in
            existing.utf8.count > name.count && existing.utf8.starts(with: name)
                && existing.utf8.dropFirst(name.count).first == UInt8(ascii: "=")
        }
        let isAssignment = name.count < entry.utf8.count
        switch (place, isAssignment) {
        case (let place?, true): entries[place] = entry
        case (let place?, false): entries.remove(at: place)
        case (nil, true): if !name.isEmpty { entries.append(entry) }
        case (nil, false): break
        }
    }
}
