public import OCISpec

/// Why an image cannot be loaded, found or removed.
///
/// One line each; what to do stands after the semicolon.
public enum ImageStoreError: Error, Sendable, Hashable {
    /// The archive as a whole cannot be read: truncated, damaged, or of a form that is not known.
    case archive(String, reason: String)
    /// An entry of a layer that no image may hold.
    case entry(String, reason: String)
    /// A limit of ``UnpackLimits`` was exceeded while reading `object`.
    case limit(UnpackLimits.Name, Int64, object: String)
    /// A blob or a decompressed layer that is not what its descriptor promises.
    case digestMismatch(object: String, expected: Digest, actual: Digest)
    /// A blob that is longer or shorter than its descriptor promises, in bytes.
    case sizeMismatch(Digest, expected: Int64, actual: Int64)
    /// A layer that cannot be unpacked, named by its digest.
    indirect case layer(Digest, reason: ImageStoreError)
    /// A layer that cannot be written, named by its digest.
    case layerNotWritten(Digest, reason: String)
    /// A manifest, index or configuration that cannot be understood.
    case metadata(String, reason: String)
    /// Something that the archive refers to and does not hold.
    case missing(String, from: String)
    /// A blob of a kind that is not known here.
    case mediaType(String, object: String)
    /// An image for other platforms only.
    case platform(wanted: String, available: [String])
    /// No image of that name or id.
    case noImage(String)
    /// An id prefix with more than one image.
    case ambiguous(String, matches: [String])
    /// An image that is still needed.
    case inUse(String, reason: String)
    /// Something in the store that another version or a fault of the disk left behind.
    case store(String, reason: String)
    /// A `--change` instruction that is not one.
    case change(String, reason: String)
}

extension ImageStoreError: CustomStringConvertible {
    /// One line: what failed, on what, why, what to do.
    public var description: String {
        switch self {
        case .archive(let name, let reason): "cannot read \(name): \(reason)"
        case .entry(let name, let reason): "cannot unpack entry \(name.quoted): \(reason)"
        case .limit(let name, let value, let object):
            "\(object.quoted) exceeds the limit of \(value) for the \(name.rawValue); raise it only for an image you trust"
        case .digestMismatch(let object, let expected, let actual):
            "\(object) was damaged or changed: its content is \(actual), not \(expected); fetch the image again"
        case .sizeMismatch(let digest, let expected, let actual):
            "blob \(digest) has \(actual) bytes, not the \(expected) of its descriptor; fetch the image again"
        case .layer(let digest, let reason): "layer \(digest): \(reason)"
        case .layerNotWritten(let digest, let reason): "layer \(digest): \(reason)"
        case .metadata(let name, let reason): "cannot read \(name.quoted): \(reason)"
        case .missing(let name, let source):
            "\(source) refers to \(name), which the archive does not hold; save the image again"
        case .mediaType(let type, let object):
            "\(object) is of media type \(type.quoted), which cannot be loaded"
        case .platform(let wanted, let available):
            "the image has no variant for \(wanted), only for \(available.joined(separator: ", ")); name one with --platform"
        case .noImage(let name): "no such image: \(name); load it first, or see the list of images"
        case .ambiguous(let name, let matches):
            "image id \(name) is ambiguous: \(matches.joined(separator: ", ")); give more digits"
        case .inUse(let name, let reason): "cannot remove image \(name): \(reason)"
        case .store(let path, let reason): "the image store is damaged at \(path): \(reason)"
        case .change(let text, let reason): "cannot apply change \(text.quoted): \(reason)"
        }
    }
}

extension String {
    /// The text in double quotes: control characters escaped, and shortened, since an attacker chose it.
    var quoted: String {
        var result = "\""
        for scalar in unicodeScalars.prefix(120) {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value):
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        if unicodeScalars.count > 120 { result += "…" }
        return result + "\""
    }
}
