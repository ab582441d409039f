public import Nestbox

/// A container that lives as long as a test.
public struct TestContainer: Sendable {
    /// The container itself.
    public let handle: ContainerHandle
    /// What it has written so far, and will.
    let transcript: Transcript

    /// Where a port of the container is reached from here.
    ///
    /// - Parameter port: the container's port, one of those that the test has asked for.
    /// - Throws: `TestContainerError.notPublished`, `EngineError`.
    public func endpoint(port: UInt16) async throws -> Endpoint {
        let lines = try await handle.publishedPorts()
        let ports = lines.filter { $0.containerPort == "\(port)/tcp" }.compactMap { line in
            line.host.split(separator: ":").last.flatMap { UInt16($0) }
        }
        guard let found = ports.first else { throw TestContainerError.notPublished(port, container: handle.name) }
        return Endpoint(host: "127.0.0.1", port: found)
    }

    /// The lines that it has written so far, of both streams.
    public var lines: [String] { transcript.lines }

    /// Runs a command in it.
    ///
    /// - Throws: `EngineError`.
    public func run(_ command: String...) async throws -> CompletedProcess {
        try await handle.run(ExecConfiguration(command: command))
    }
}

/// An address and a port.
public struct Endpoint: Sendable, Hashable {
    /// The address.
    public let host: String
    /// The port.
    public let port: UInt16
}

/// When a container is ready for its test.
public enum Readiness: Sendable, Hashable {
    /// As soon as it runs.
    case started
    /// When it accepts connections at this port.
    case port(UInt16)
    /// When it has written a line with this text.
    case line(containing: String)
}

/// Why a container cannot be tested with.
public enum TestContainerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// It was not ready in time.
    case notReady(Readiness, after: Duration, output: [String])
    /// It ended before it was ready.
    case ended(ExitStatus, output: [String])
    /// The port was not asked for.
    case notPublished(UInt16, container: String)

    /// What happened, and what the container has written.
    public var description: String {
        switch self {
        case .notReady(let readiness, let bound, let output):
            "the container was not ready (\(readiness)) after \(bound); it wrote:\n" + output.joined(separator: "\n")
        case .ended(let status, let output):
            "the container ended (\(status)) before it was ready; it wrote:\n" + output.joined(separator: "\n")
        case .notPublished(let port, let container):
            "port \(port) of container \(container) is not published; name it in `ports`"
        }
    }
}
