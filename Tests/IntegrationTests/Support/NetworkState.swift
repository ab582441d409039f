import Glibc
import LinuxSystem
import Testing

/// Everything that networks of containers leave traces in, to be compared before and after.
struct NetworkState: Equatable {
    private var parts: [String: [String]]

    /// The state of an engine and of its host.
    init(_ engine: TestEngine, _ network: TestNetwork) throws {
        func files(below folder: String) throws -> [String] {
            // Half of a file that was to be replaced goes with its container.
            try Command.run(["find", folder]).lines.map(String.init).filter { !$0.contains(".new.") }.sorted()
        }
        func addresses(_ family: String) throws -> [String] {
            // Interfaces by name: their numbers go on.
            try network.host("ip", "-o", family, "address").lines.map { line in
                line.split(separator: " ").dropFirst().prefix(3).joined(separator: " ")
            }.sorted()
        }
        parts = [
            "interface": try network.host.interfaces().sorted(),
            "IPv4 address": try addresses("-4"),
            "IPv6 address": try addresses("-6"),
            "IPv4 route": try network.host("ip", "-4", "route").lines.map(String.init).sorted(),
            "IPv6 route": try network.host("ip", "-6", "route").lines.map(String.init).sorted(),
            "rule": try Self.rules(network),
            "lease": engine.leases,
            "file of the run root": try files(below: engine.runRoot),
            "file of the root": try files(below: "\(engine.root)/networks") + files(below: "\(engine.root)/containers")
                + files(below: "\(engine.root)/names"),
        ]
    }

    /// The state when nothing is on its way any more: the kernel takes its time over namespaces that nobody uses.
    static func settled(_ engine: TestEngine, _ network: TestNetwork) throws -> NetworkState {
        var state = try NetworkState(engine, network)
        _ = try TestEngine.eventually {
            usleep(300_000)
            defer { state = (try? NetworkState(engine, network)) ?? state }
            return try NetworkState(engine, network) == state
        }
        return state
    }

    /// The words of the whole rule set without counters and handles: sets list their elements in any order.
    static func rules(_ network: TestNetwork) throws -> [String] {
        try network.host("nft", "-s", "list", "ruleset").output
            .split { " ,\n\t".contains($0) }.map(String.init).sorted()
    }

    /// What is there now and was not, and the other way round.
    func changes(since before: NetworkState) -> [String] {
        Set(parts.keys).sorted().flatMap { kind in
            let difference = (parts[kind] ?? []).difference(from: before.parts[kind] ?? [])
            return difference.map { change in
                switch change {
                case .insert(_, let element, _): "more: \(kind) \(element)"
                case .remove(_, let element, _): "less: \(kind) \(element)"
                }
            }
        }
    }

    /// Whether everything comes to be as it was, within a bound.
    static func expect(
        _ before: NetworkState, _ engine: TestEngine, _ network: TestNetwork, after what: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let isSame = try TestEngine.eventually(seconds: 10) { try NetworkState(engine, network) == before }
        let changes = isSame ? [] : try NetworkState(engine, network).changes(since: before)
        #expect(changes.isEmpty, "\(what)", sourceLocation: sourceLocation)
    }
}
