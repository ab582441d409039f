public import ImageStore
public import OCISpec

/// How an image was made, as `history` lists it.
public struct HistoryReport: Sendable {
    private let image: Image
    private let sizes: [Int64]

    /// The template of the usual table.
    public static let table = #"{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"#
    /// The same with exact times.
    public static let exactTable = #"{{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"#

    /// The fields' column titles.
    public static let headers: JSONObject = [
        "ID": "IMAGE", "CreatedSince": "CREATED", "CreatedAt": "CREATED AT", "CreatedBy": "CREATED BY",
        "Size": "SIZE", "Comment": "COMMENT",
    ]

    /// How many characters of a command are shown.
    private static let commandLimit = 45

    /// Describes an image of the store.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    public init(_ image: Image, in store: ImageStore) throws {
        self.image = image
        sizes = try store.layerSizes(of: image)
    }

    /// One row for each step, the last one first; only the last one has an id, as in Docker.
    ///
    /// - Parameters:
    ///   - now: what ages count to.
    ///   - isShortened: whether ids and commands are cut.
    ///   - isHuman: whether sizes are for people, or in bytes.
    public func rows(now: Timestamp, isShortened: Bool, isHuman: Bool) -> [JSONValue] {
        var sizes = sizes[...]
        let rows = image.configuration.history.map { step -> JSONValue in
            row(step, size: step.emptyLayer ? 0 : sizes.popFirst() ?? 0, now: now, isShortened, isHuman)
        }
        // What an image does not tell about: its layers are there all the same.
        let untold = sizes.map { row(ImageConfiguration.History(), size: $0, now: now, isShortened, isHuman) }
        let id = isShortened ? image.id.shortened : image.id.description
        return (rows + untold).reversed().enumerated().map { index, row in
            guard index == 0, case .object(var object) = row else { return row }
            object.set("ID", to: id)
            return .object(object)
        }
    }

    private func row(
        _ step: ImageConfiguration.History, size: Int64, now: Timestamp, _ isShortened: Bool, _ isHuman: Bool
    ) -> JSONValue {
        var command = (step.createdBy ?? "").map { $0 == "\t" ? " " : String($0) }.joined()
        if isShortened, command.count > Self.commandLimit {
            command = String(command.prefix(Self.commandLimit - 1)) + "…"
        }
        let since = step.created.map { HumanText.duration(seconds: now.seconds - $0.seconds) + " ago" }
        let moment = step.created.flatMap { Timestamp(seconds: $0.seconds, nanoseconds: 0) }
        return [
            "ID": "<missing>", "CreatedSince": .string(since ?? "N/A"),
            "CreatedAt": .string(moment?.description ?? "N/A"), "CreatedBy": .string(command),
            "Size": .string(isHuman ? HumanText.size(size) : String(size)), "Comment": .string(step.comment ?? ""),
        ]
    }
}
