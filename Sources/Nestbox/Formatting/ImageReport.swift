public import ImageStore
public import OCISpec

/// An image as `images` lists it and `inspect` shows it.
public struct ImageReport: Sendable {
    private let image: Image

    /// Describes an image.
    public init(_ image: Image) {
        self.image = image
    }

    /// The template of the usual table.
    public static let table = #"{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"#
    /// The same with digests.
    public static let tableWithDigests =
        #"{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"#

    /// The fields' column titles.
    public static let headers: JSONObject = [
        "Repository": "REPOSITORY", "Tag": "TAG", "Digest": "DIGEST", "ID": "IMAGE ID", "CreatedSince": "CREATED",
        "CreatedAt": "CREATED AT", "Size": "SIZE",
    ]

    /// The image's names; one that is nil for an image without any, so that it is listed once.
    public var names: [ImageReference?] { image.references.isEmpty ? [nil] : image.references }

    /// The fields for one of the names.
    public func row(name: ImageReference?, now: Timestamp, isShortened: Bool) -> JSONValue {
        let since = image.created.map { HumanText.duration(seconds: now.seconds - $0.seconds) + " ago" }
        return [
            "Repository": .string(name?.familiarName ?? "<none>"), "Tag": .string(name?.tag ?? "<none>"),
            "Digest": .string(image.manifest?.description ?? "<none>"),
            "ID": .string(isShortened ? image.id.shortened : image.id.description),
            "CreatedSince": .string(since ?? "N/A"), "CreatedAt": .string(image.created.map(HumanText.moment) ?? "N/A"),
            "Size": .string(HumanText.size(image.size)),
        ]
    }

    /// Everything, in the shape in which `docker inspect` shows it.
    public var inspection: JSONValue {
        let configuration = image.configuration
        return [
            "Id": .string(image.id.description), "RepoTags": .array(image.references.map { .string($0.familiar) }),
            "RepoDigests": .array(
                image.manifest.map { digest in image.references.map { .string("\($0.familiarName)@\(digest)") } } ?? []),
            "Created": .string(configuration.created?.description ?? ""),
            "Author": .string(configuration.author ?? ""), "Config": configuration.config?.json ?? nil,
            "Architecture": .string(configuration.platform.architecture),
            "Variant": .string(configuration.platform.variant ?? ""), "Os": .string(configuration.platform.os),
            "Size": .integer(image.size),
            "RootFS": ["Type": "layers", "Layers": .array(image.layers.map { .string($0.description) })],
            "Metadata": ["LastTagTime": .string(image.loaded.description)],
        ]
    }
}

/// A condition of `images --filter`.
public enum ImageFilter: Sendable, Hashable {
    /// The name matches this pattern, with or without the tag.
    case reference(String)
    /// The image has this label, with this value where one is given.
    case label(String, value: String?)
    /// The image has no name.
    case dangling(Bool)

    /// Parses `key=value`.
    ///
    /// - Throws: `ConfigurationError`.
    public init(parsing text: String, option: String) throws(ConfigurationError) {
        let (key, value) = try NameText.keyValue(text, option: option, required: true)
        switch key {
        case "reference": self = .reference(value)
        case "label":
            let parts = value.parts(UInt8(ascii: "="), maxSplits: 1)
            self = .label(parts[0], value: parts.count == 2 ? parts[1] : nil)
        case "dangling": self = .dangling(try OptionNumber.boolean(value, option: "\(option) dangling"))
        default:
            throw ConfigurationError(
                option, text, "there is no such filter", accepted: "give reference=, label= or dangling=")
        }
    }

    /// Whether an image, under one of its names, satisfies it.
    public func matches(_ image: Image, name: ImageReference?) -> Bool {
        switch self {
        case .reference(let pattern):
            guard let name else { return false }
            let candidates = [name.familiar, name.familiarName, name.description, name.name]
            return candidates.contains { GlobPattern.matches($0, pattern) }
        case .label(let key, let value):
            guard let actual = image.configuration.config?.labels[key] else { return false }
            return value == nil || value == actual
        case .dangling(let isDangling):
            return isDangling == (name == nil)
        }
    }
}

/// Patterns with `*` (anything but a slash) and `?` (one character).
enum GlobPattern {
    static func matches(_ text: String, _ pattern: String) -> Bool {
        let (text, pattern) = (Array(text.utf8), Array(pattern.utf8))
        var (at, want) = (0, 0)
        // Where the last star stands, and how much of the text it has eaten so far: enough to try again from.
        var star: (want: Int, at: Int)?
        while at < text.count || want < pattern.count {
            if want < pattern.count {
                if pattern[want] == UInt8(ascii: "*") {
                    star = (want, at)
                    want += 1
                    continue
                }
                if at < text.count, pattern[want] == UInt8(ascii: "?") ? text[at] != 0x2f : pattern[want] == text[at] {
                    at += 1
                    want += 1
                    continue
                }
            }
            guard let last = star, last.at < text.count, text[last.at] != 0x2f else { return false }
            star = (last.want, last.at + 1)
            (want, at) = (last.want + 1, last.at + 1)
        }
        return true
    }
}
