import Nestbox
import Testing

extension TestEngine {
    /// The engine as a library, in this process; containers must not use the network, which is this machine's here.
    func library() throws -> Engine {
        try Engine(
            configuration: EngineConfiguration(root: root, runRoot: runRoot, runtime: Self.runtimePath()))
    }

    /// A container of a shell script without a network.
    static func quiet(_ script: String) -> ContainerConfiguration {
        var configuration = ContainerConfiguration(image: "busybox", command: ["sh", "-c", script])
        configuration.network = .none
        return configuration
    }
}
