/// The header of an OCI image layout, the file `oci-layout`, and the layout's other names.
public struct ImageLayout: Hashable, Sendable {
    /// The version that this project writes and reads.
    public static let currentVersion = "1.0.0"
    /// The name of the header's file.
    public static let headerFile = "oci-layout"
    /// The name of the index's file.
    public static let indexFile = "index.json"
    /// The name of the folder of blobs, which are in folders named by algorithm.
    public static let blobsFolder = "blobs"

    /// The version of the layout.
    public var imageLayoutVersion: String

    /// A header of that version.
    public init(imageLayoutVersion: String = ImageLayout.currentVersion) {
        self.imageLayoutVersion = imageLayoutVersion
    }

    /// Where a blob is in the layout: `blobs/sha256/…`.
    public static func path(ofBlob digest: Digest) -> String {
        "\(blobsFolder)/\(digest.algorithm.rawValue)/\(digest.hex)"
    }
}

extension ImageLayout: JSONCodable {
    /// Reads the header.
    ///
    /// - Throws: `JSONError` for a missing version and for one whose first number is not 1.
    public init(json: JSONValue) throws(JSONError) {
        imageLayoutVersion = try json.object().required("imageLayoutVersion")
        guard imageLayoutVersion.hasPrefix("1.") else {
            throw JSONError(
                "version \(JSONError.quoted(imageLayoutVersion)) of the layout is not supported; expected 1.x"
            )
            .within(member: "imageLayoutVersion")
        }
    }

    /// An object with the version.
    public var json: JSONValue { ["imageLayoutVersion": .string(imageLayoutVersion)] }
}

/// Names of annotations that other programs write and read.
public enum AnnotationName {
    /// In a layout's index: the tag, or the whole reference.
    public static let referenceName = "org.opencontainers.image.ref.name"
    /// In a layout's index, from containerd and Docker: the whole reference.
    public static let containerdImageName = "io.containerd.image.name"
    /// When the image was built, in RFC 3339 form.
    public static let created = "org.opencontainers.image.created"
    /// The image's name for people.
    public static let title = "org.opencontainers.image.title"
    /// The version of the software in the image.
    public static let version = "org.opencontainers.image.version"
    /// The digest of the image that the image was built on.
    public static let baseDigest = "org.opencontainers.image.base.digest"
    /// The reference of the image that the image was built on.
    public static let baseName = "org.opencontainers.image.base.name"
    /// From Docker, on a manifest in an index: what the manifest is, for example `attestation-manifest`.
    public static let dockerReferenceType = "vnd.docker.reference.type"
}
