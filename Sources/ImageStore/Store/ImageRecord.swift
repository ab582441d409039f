internal import OCISpec

/// What is known of an image: `images/HEX.json`.
///
/// Its references stand in a file of their own, see ``StoreFolder``.
struct ImageRecord: JSONCodable, Hashable {
    /// A layer as an image refers to it.
    struct Layer: JSONCodable, Hashable {
        /// Digest of the decompressed archive.
        var diffID: Digest
        /// Digest of the layer's blob.
        var blob: Digest
    }

    /// Digest of the configuration.
    var id: Digest
    /// Digest of the manifest; nil for an archive without one.
    var manifest: Digest?
    /// The base first.
    var layers: [Layer]
    /// Bytes in the files of all layers.
    var size: Int64
    /// When the image came into the store.
    var loaded: Timestamp
}

extension ImageRecord {
    /// The paths in the store that the image needs.
    var paths: Set<String> {
        var paths: Set = [StoreFolder.path(ofBlob: id)]
        if let manifest { paths.insert(StoreFolder.path(ofBlob: manifest)) }
        for layer in layers {
            paths.insert(StoreFolder.path(ofLayer: layer.diffID))
            paths.insert(StoreFolder.path(ofBlob: layer.blob))
        }
        return paths
    }

    init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        id = try object.required("id")
        manifest = try object.optional("manifest")
        layers = try object.required("layers")
        size = try object.required("size")
        loaded = try object.required("loaded")
    }

    var json: JSONValue {
        var object = JSONObject()
        object.set("id", to: id)
        object.set("manifest", to: manifest)
        object.set("layers", to: layers)
        object.set("size", to: size)
        object.set("loaded", to: loaded)
        return .object(object)
    }
}

extension ImageRecord.Layer {
    init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        diffID = try object.required("diffID")
        blob = try object.required("blob")
    }

    var json: JSONValue {
        var object = JSONObject()
        object.set("diffID", to: diffID)
        object.set("blob", to: blob)
        return .object(object)
    }
}
