public import Nestbox

/// Gives `body` a container that is gone when this returns, throws or is cancelled, for XCTest and Swift Testing alike.
///
///     try await withContainer(image: "busybox", command: ["httpd", "-f"], ports: [80], ready: .port(80)) { container in
///         let endpoint = try await container.endpoint(port: 80)
///         …
///     }
///
/// - Parameters:
///   - image: the image's name.
///   - command: the command; empty: the image's own.
///   - ports: ports that it serves; they are published on free ports of this machine.
///   - ready: when `body` begins.
///   - bound: how long that may take.
///   - configure: changes anything else about the container.
///   - body: the test.
/// - Throws: what `body` throws; `TestContainerError`, `EngineError`.
public func withContainer<Value: Sendable>(
    image: String, command: [String] = [], ports: [UInt16] = [], ready: Readiness = .started,
    within bound: Duration = .seconds(30), engine: Engine? = nil,
    configure: (inout ContainerConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (TestContainer) async throws -> Value
) async throws -> Value {
    var configuration = ContainerConfiguration(image: image, command: command)
    if ports.isEmpty { configuration.network = .none }
    configuration.ports = ports.map { .free(to: $0) }
    configure(&configuration)
    let used = try engine ?? Engine(configuration: .fromEnvironment)
    return try await used.withContainer(configuration) { attached in
        let transcript = Transcript()
        let container = TestContainer(handle: attached.handle, transcript: transcript)
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                defer { transcript.end() }
                for try await line in attached.lines { transcript.add(line.text) }
                return nil
            }
            group.addTask {
                try await waitUntil(ready, container, attached, bound)
                return try await body(container)
            }
            defer { group.cancelAll() }
            // The first to end may be the container: the test goes on, and finds out.
            while let ended = try await group.next() {
                if let value = ended { return value }
            }
            throw CancellationError()
        }
    }
}

/// Waits until the container is ready, has ended, or the time is over.
private func waitUntil(
    _ readiness: Readiness, _ container: TestContainer, _ attached: AttachedContainer, _ bound: Duration
) async throws {
    guard readiness != .started else { return }
    let isReady = try await withThrowingTaskGroup(of: Bool?.self) { group in
        group.addTask { try await becomesReady(readiness, container) }
        group.addTask {
            try await Task.sleep(for: bound)
            return nil
        }
        defer { group.cancelAll() }
        return try await group.next()?.flatMap(\.self)
    }
    guard let isReady else {
        throw TestContainerError.notReady(readiness, after: bound, output: container.lines)
    }
    guard isReady else { throw TestContainerError.ended(try await attached.wait(), output: container.lines) }
}

/// False when the container ends before it is ready.
private func becomesReady(_ readiness: Readiness, _ container: TestContainer) async throws -> Bool {
    switch readiness {
    case .started: return true
    case .line(let text):
        for await line in container.transcript.follow() where line.contains(text) { return true }
        try Task.checkCancellation()
        return false
    case .port(let port):
        let endpoint = try await container.endpoint(port: port)
        while !(try endpoint.acceptsConnections()) {
            if container.transcript.hasEnded { return false }
            try await Task.sleep(for: .milliseconds(10))
        }
        return true
    }
}
