internal import ArgumentParser
internal import ImageStore
internal import Nestbox
internal import OCISpec

/// `nestbox tag`.
struct TagImage: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "tag", abstract: "Give an image one more name.", usage: "nestbox tag <image> <name>[:<tag>]",
        discussion: "Another image that had the name loses it.")

    static let switches: [String: Character?] = [:]

    @Argument(
        help: .init("A name, an id, or the beginning of just one id.", valueName: "image"), completion: .imageName)
    var image: String

    @Argument(help: "The new name.")
    var name: String

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        let reference = try ImageOption.reference(name)
        try globals.engine().tagImage(image, as: reference)
        return 0
    }
}
