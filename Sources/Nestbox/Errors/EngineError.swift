public import LinuxSystem

/// What an engine call can fail with.
///
/// `description` is one line that says what failed, on what, why and what to do.
public enum EngineError: Error, Sendable, Hashable, CustomStringConvertible {
    /// No container has this id, id prefix or name.
    case noSuchContainer(String)
    /// More than one container's id starts with this prefix.
    case ambiguousContainer(prefix: String, matches: [String])
    /// The name belongs to another container.
    case nameInUse(name: String, container: String)
    /// The name breaks the rule `[a-zA-Z0-9][a-zA-Z0-9_.-]+`.
    case invalidName(String)
    /// An option, or a combination of options, that cannot be carried out; the text names the option and the remedy.
    case invalidConfiguration(String)
    /// The container is not running.
    case notRunning(container: String, status: String)
    /// The container is running already.
    case alreadyRunning(container: String)
    /// The container is paused already.
    case alreadyPaused(container: String)
    /// The container is not paused.
    case notPaused(container: String)
    /// The container is paused, so that nothing can be done in it.
    case paused(container: String)
    /// A running container was to be removed without force.
    case cannotRemoveRunning(container: String)
    /// Another command is working on this container.
    case busy(container: String)
    /// The container's process did not start; `exitCode` is 125, 126 (cannot be invoked) or 127 (not found).
    case startFailed(reason: String, exitCode: Int32)
    /// No volume has this name.
    case noSuchVolume(String)
    /// The volume is used by containers.
    case volumeInUse(name: String, containers: [ContainerIdentity])
    /// The image is used by containers.
    case imageInUse(name: String, containers: [String])
    /// No image here has this name or id.
    case noSuchImage(String)
    /// An image could not be read or unpacked.
    case image(String)
    /// A record below the engine's root cannot be read.
    case damagedRecord(path: String, reason: String)
    /// `nestbox-runtime` was not found.
    case noRuntime(searched: [String])
    /// Something did not happen within its bound.
    case timedOut(String)
    /// The task that made the call was cancelled; what the call had made is gone.
    case cancelled
    /// A call to the kernel failed.
    case system(SystemError)
    /// Anything else, with its own text.
    case failure(String)

    /// One line for a person.
    public var description: String {
        switch self {
        case .noSuchContainer(let name): "no such container: \(name); 'nestbox ps -a' lists them"
        case .ambiguousContainer(let prefix, let matches):
            "container id prefix \(prefix) is ambiguous: it fits "
                + matches.prefix(4).map { String($0.prefix(12)) }.joined(separator: ", ")
                + (matches.count > 4 ? ", …" : "") + "; give more of the id"
        case .nameInUse(let name, let container):
            "the container name \(name) is in use by container \(container.prefix(12)); "
                + "remove or rename that container, or choose another name"
        case .invalidName(let name):
            "invalid container name \(name.escapedForMessage): only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, "
                + "2 to 255 characters"
        case .invalidConfiguration(let reason): reason
        case .notRunning(let container, let status):
            "container \(container.prefix(12)) is not running (\(status)); start it with 'nestbox start'"
        case .alreadyRunning(let container): "container \(container.prefix(12)) is already running"
        case .alreadyPaused(let container): "container \(container.prefix(12)) is already paused"
        case .notPaused(let container): "container \(container.prefix(12)) is not paused"
        case .paused(let container):
            "container \(container.prefix(12)) is paused: its processes are frozen; resume it with 'nestbox unpause'"
        case .cannotRemoveRunning(let container):
            "cannot remove running container \(container.prefix(12)); stop it first, or use --force"
        case .busy(let container):
            "another command is working on container \(container.prefix(12)); try again when it has finished"
        case .startFailed(let reason, _): reason
        case .noSuchVolume(let name): "no such volume: \(name.escapedForMessage); 'nestbox volume ls' lists them"
        case .volumeInUse(let name, let containers):
            "volume \(name) is in use by container "
                + containers.map { "\($0.name) (\($0.id.prefix(12)))" }.joined(separator: ", ")
                + "; remove the container first"
        case .imageInUse(let name, let containers):
            "image \(name) is in use by container "
                + containers.map { String($0.prefix(12)) }.joined(separator: ", ") + "; remove the container first"
        case .noSuchImage(let name):
            "no such image: \(name.escapedForMessage); pull or load it first, or see 'nestbox images'"
        case .image(let reason): reason
        case .damagedRecord(let path, let reason):
            "cannot use the record \(path): \(reason); remove its container with 'nestbox rm --force'"
        case .noRuntime(let searched):
            "cannot find nestbox-runtime (looked at \(searched.joined(separator: ", "))); "
                + "install it beside nestbox or into a folder of PATH"
        case .timedOut(let what): what
        case .cancelled: "the task was cancelled"
        case .system(let error): error.description
        case .failure(let reason): reason
        }
    }

    /// The exit code that `nestbox run` ends with: Docker's 125, or 126 or 127 when the command could not be run.
    public var exitCode: Int32 {
        if case .startFailed(_, let code) = self { code } else { 125 }
    }
}

extension EngineError {
    /// Runs `body` and turns whatever it throws into an `EngineError`.
    static func wrapping<Value: ~Copyable>(_ body: () throws -> Value) throws(EngineError) -> Value {
        do {
            return try body()
        } catch {
            throw EngineError(error)
        }
    }

    /// The engine's form of any error of the layers below.
    init(_ error: any Error) {
        switch error {
        case let error as EngineError: self = error
        case let error as SystemError: self = .system(error)
        case let error as ConfigurationError: self = .invalidConfiguration(error.description)
        case let error as CapabilityError: self = .invalidConfiguration(error.description)
        default: self = .failure("\(error)")
        }
    }
}

extension String {
    /// The text without control characters, and not longer than an error message bears.
    var escapedForMessage: String {
        unicodeScalars.count > 128 ? String(unicodeScalars.prefix(128)).escapedControls + "…" : escapedControls
    }
}
