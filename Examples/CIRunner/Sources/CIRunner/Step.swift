import Foundation
import Nestbox

/// One step of a steps file.
struct Step: Decodable, Sendable {
    var name: String
    var image: String
    /// A shell script.
    var run: String
    /// Seconds; none: as long as it takes.
    var timeout: Double?
    /// As for `--memory`: `64m`.
    var memory: String?
    var cpus: Double?
    var env: [String: String]?
    /// `none`, `host` or `bridge`, the usual one.
    var network: String?
    var continueOnError: Bool?

    enum CodingKeys: String, CodingKey {
        case name, image, run, timeout, memory, cpus, env, network
        case continueOnError = "continue-on-error"
    }

    /// The container that it runs in, with the workspace.
    func configuration(workspace: String) throws -> ContainerConfiguration {
        var configuration = ContainerConfiguration(image: image, command: ["sh", "-ec", run])
        configuration.mounts = [.bind(workspace, at: "/workspace")]
        configuration.workingDirectory = "/workspace"
        configuration.environment = (env ?? [:]).map { "\($0.key)=\($0.value)" }.sorted()
        if let memory {
            configuration.resources.memory = try OptionNumber.bytes(memory, option: "memory")
            // No swap: who takes more than this is told so at once.
            configuration.resources.memorySwap = configuration.resources.memory
        }
        configuration.resources.cpus = cpus
        switch network ?? "bridge" {
        case "bridge": configuration.network = .bridge
        case "host": configuration.network = .host
        case "none": configuration.network = .none
        case let other:
            throw ConfigurationError("network", other, "there is no such mode", accepted: "give bridge, host or none")
        }
        return configuration
    }
}
