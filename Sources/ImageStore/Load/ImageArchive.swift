internal import OCISpec

/// Files of an image archive by their names, whatever the archive is.
protocol ImageArchive: AnyObject {
    /// What errors call the archive.
    var name: String { get }
    /// A name for images that bring none: the archive's own without folder and extensions; nil for standard input.
    var stem: String? { get }

    /// A manifest, index or configuration; nil when the archive does not hold it.
    func file(_ path: String) throws -> [UInt8]?

    /// A layer; nil when the archive does not hold it.
    func layer(_ path: String) throws -> OfferedLayer?

    /// The digest of what stands under that name, where it is neither a layer nor JSON; nil when that is not known.
    func digest(ofUnknown path: String) -> BlobSummary?
}

extension ImageArchive {
    /// `a/b.tar.gz` → `b`.
    static func stem(of path: String) -> String? {
        guard let last = path.split(separator: "/").last else { return nil }
        let stem = last.prefix { $0 != "." }.lowercased()
        return stem.isEmpty ? nil : stem
    }
}

/// Names in an archive, compared without `./` and repeated slashes.
enum ArchiveName {
    /// The name in its shortest form; `..` goes up, and stays at the top.
    static func normalized(_ name: String, relativeTo folder: [Substring] = []) -> String {
        var parts: [Substring] = name.hasPrefix("/") ? [] : folder
        for part in name.split(separator: "/") {
            switch part {
            case ".": continue
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }

    /// The digest in a name such as `blobs/sha256/HEX`, `HEX.tar` or `HEX.json`.
    static func digest(in name: String) -> Digest? {
        guard let last = name.split(separator: "/").last else { return nil }
        let stem = last.hasSuffix(".tar") ? last.dropLast(4) : last.hasSuffix(".json") ? last.dropLast(5) : last
        return try? Digest("sha256:\(stem)")
    }
}
