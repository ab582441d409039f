internal import ArgumentParser
internal import ImageStore
internal import Nestbox
internal import OCISpec

/// `nestbox rmi`.
struct RemoveImage: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "rmi", abstract: "Remove images, with the layers that nothing else needs.",
        usage: "nestbox rmi [<flags>] <image> ...")
    static let switches: [String: Character?] = ["force": "f"]

    @Flag(name: .shortAndLong, help: "Also those that containers were made from, or that have several names.")
    var force = false

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "image"), completion: .imageName)
    var images: [String]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let engine = try globals.engine()
        return try Each.of(images) { name in
            let removal = try engine.removeImage(name, force: force)
            for reference in removal.untagged { try StandardOutput.line("Untagged: \(reference.familiar)") }
            for digest in (removal.deleted.map { [$0] } ?? []) + removal.deletedLayers {
                try StandardOutput.line("Deleted: \(digest)")
            }
        }
    }
}
