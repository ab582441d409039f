public import OCISpec

/// An image of the store.
public struct Image: Sendable, Hashable {
    /// Digest of the configuration; what Docker calls the image's id.
    public let id: Digest
    /// The names of the image, in their order; empty for one that lost its last name to another.
    public let references: [ImageReference]
    /// Digest of the manifest; nil where the image came without one.
    public let manifest: Digest?
    /// What the image says of itself and of the containers made from it.
    public let configuration: ImageConfiguration
    /// The diff IDs of the layers, the base first.
    public let layers: [Digest]
    /// Bytes in the files of all layers.
    public let size: Int64
    /// When the image was made; nil where it does not say.
    public var created: Timestamp? { configuration.created }
    /// When the image came into the store.
    public let loaded: Timestamp
}
