import Glibc
import Nestbox
import NestboxRegistry

/// Fetches an image and runs a command in it: `PullImage IMAGE COMMAND…`.
@main struct PullImage {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let image = arguments.first else {
            print("usage: PullImage IMAGE COMMAND…")
            exit(2)
        }
        let engine = try Engine(configuration: .fromEnvironment)
        do {
            let pulled = try await engine.pull(image) { progress in
                if case .complete = progress.phase { print("\(progress.size) bytes of a layer are here") }
            }
            print(pulled.isNew ? "pulled" : "up to date", pulled.digest)
        } catch RegistryError.notFound(let host, let object, _) {
            print("\(host) has no \(object)")
            exit(1)
        }
        var configuration = ContainerConfiguration(image: image, command: Array(arguments.dropFirst()))
        configuration.network = .none
        let result = try await engine.run(configuration)
        print("\(result.status): \(result.output)", terminator: "")
        // The registry gets it back under another name; nothing of it is sent that is there.
        try await engine.perform { try $0.tagImage(image, as: .init(image + "-tried")) }
        let pushed = try await engine.push(image + "-tried")
        print("pushed", pushed.digest)
    }
}
