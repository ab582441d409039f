internal import OCISpec

/// What is known of an unpacked layer: `layer.json` beside its folder.
struct LayerRecord: JSONCodable, Hashable {
    static let file = "layer.json"

    /// Digest of the decompressed archive.
    var diffID: Digest
    /// Bytes of the decompressed archive.
    var archiveSize: Int64
    /// Digest of the layer as it came.
    var blob: Digest
    /// Bytes of the layer as it came.
    var blobSize: Int64
    /// The kind of the layer as it came.
    var mediaType: MediaType
    /// Entries of the archive.
    var entries: Int
    /// Bytes in files.
    var size: Int64
    /// The layer is opaque at its root: nothing below it is seen.
    var hidesLowerLayers: Bool
}

extension LayerRecord {
    init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        diffID = try object.required("diffID")
        archiveSize = try object.required("archiveSize")
        blob = try object.required("blob")
        blobSize = try object.required("blobSize")
        mediaType = try object.required("mediaType")
        entries = try object.required("entries")
        size = try object.required("size")
        hidesLowerLayers = try object.optional("hidesLowerLayers") ?? false
    }

    var json: JSONValue {
        var object = JSONObject()
        object.set("diffID", to: diffID)
        object.set("archiveSize", to: archiveSize)
        object.set("blob", to: blob)
        object.set("blobSize", to: blobSize)
        object.set("mediaType", to: mediaType)
        object.set("entries", to: entries)
        object.set("size", to: size)
        object.set("hidesLowerLayers", to: hidesLowerLayers, unless: false)
        return .object(object)
    }
}
