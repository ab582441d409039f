import Nestbox

@main struct RunCommand {
    static func main() async throws {
        let engine = try Engine(configuration: .fromEnvironment)
        var configuration = ContainerConfiguration(image: "busybox", command: ["sh", "-c", "echo hello; id -un"])
        configuration.network = .none
        configuration.resources.memory = 64 << 20
        configuration.mounts = [.tmpfs(at: "/tmp")]
        let result = try await engine.run(configuration)
        print("\(result.status): \(result.output.split(separator: "\n"))")
    }
}
