/// What a blob is, as manifests and registries name it.
public struct MediaType: RawRepresentable, Hashable, Sendable {
    /// The text.
    public let rawValue: String

    /// Wraps any text; unknown types are kept as they are.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

extension MediaType {
    /// An OCI image index.
    public static let imageIndex = MediaType(rawValue: "application/vnd.oci.image.index.v1+json")
    /// An OCI image manifest.
    public static let imageManifest = MediaType(rawValue: "application/vnd.oci.image.manifest.v1+json")
    /// An OCI image configuration.
    public static let imageConfiguration = MediaType(rawValue: "application/vnd.oci.image.config.v1+json")
    /// An uncompressed OCI layer.
    public static let layer = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar")
    /// An OCI layer compressed with gzip.
    public static let layerGzip = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+gzip")
    /// An OCI layer compressed with zstd.
    public static let layerZstd = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+zstd")
    /// The header of an OCI layout, the file `oci-layout`.
    public static let layoutHeader = MediaType(rawValue: "application/vnd.oci.layout.header.v1+json")
    /// An empty JSON object.
    public static let emptyJSON = MediaType(rawValue: "application/vnd.oci.empty.v1+json")

    /// Docker's manifest list, its form of an index.
    public static let dockerManifestList = MediaType(
        rawValue: "application/vnd.docker.distribution.manifest.list.v2+json")
    /// Docker's image manifest.
    public static let dockerManifest = MediaType(rawValue: "application/vnd.docker.distribution.manifest.v2+json")
    /// Docker's image configuration.
    public static let dockerConfiguration = MediaType(rawValue: "application/vnd.docker.container.image.v1+json")
    /// Docker's uncompressed layer.
    public static let dockerLayer = MediaType(rawValue: "application/vnd.docker.image.rootfs.diff.tar")
    /// Docker's layer compressed with gzip.
    public static let dockerLayerGzip = MediaType(rawValue: "application/vnd.docker.image.rootfs.diff.tar.gzip")
    /// Docker's layer compressed with zstd.
    public static let dockerLayerZstd = MediaType(rawValue: "application/vnd.docker.image.rootfs.diff.tar.zstd")
    /// Docker's layer that must not be passed on, compressed with gzip.
    public static let dockerForeignLayerGzip = MediaType(
        rawValue: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
}

extension MediaType {
    /// How a layer is compressed.
    public enum Compression: String, Hashable, Sendable, CaseIterable {
        /// Not at all.
        case none
        /// With gzip.
        case gzip
        /// With zstd.
        case zstd
    }

    /// How the layer is compressed; nil when the type is that of no layer.
    ///
    /// Layers that must not be passed on (`nondistributable`, `foreign`) are layers too.
    public var layerCompression: Compression? {
        let stems = [
            "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.nondistributable.v1.tar",
            "application/vnd.docker.image.rootfs.diff.tar", "application/vnd.docker.image.rootfs.foreign.diff.tar",
        ]
        guard let stem = stems.first(where: rawValue.hasPrefix) else { return nil }
        switch rawValue.dropFirst(stem.count) {
        case "": return Compression.none
        case "+gzip", ".gzip": return .gzip
        case "+zstd", ".zstd": return .zstd
        default: return nil
        }
    }

    /// Whether the type is that of an index of manifests.
    public var isIndex: Bool { self == .imageIndex || self == .dockerManifestList }

    /// Whether the type is that of the manifest of one image.
    public var isManifest: Bool { self == .imageManifest || self == .dockerManifest }

    /// Whether the type is that of an image configuration.
    public var isConfiguration: Bool { self == .imageConfiguration || self == .dockerConfiguration }
}

extension MediaType: CustomStringConvertible {
    /// The text.
    public var description: String { rawValue }
}

extension MediaType: JSONCodable {
    /// Reads any string.
    ///
    /// - Throws: `JSONError` for any other value.
    public init(json: JSONValue) throws(JSONError) {
        rawValue = try String(json: json)
    }

    /// A string.
    public var json: JSONValue { .string(rawValue) }
}
