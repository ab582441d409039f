public import ImageStore
internal import OCISpec

/// How many bytes images, containers and volumes have on the disk.
public struct DiskUsage: Sendable, Hashable {
    /// An image's share.
    public struct ImageShare: Sendable, Hashable {
        /// The image.
        public let image: Image
        /// Bytes in layers that other images have, too.
        public let shared: Int64
        /// How many containers were made from it.
        public let containers: Int
        /// Bytes in layers that only it has.
        public var unique: Int64 { image.size - shared }
    }

    /// A container's own files.
    public struct ContainerShare: Sendable, Hashable {
        /// The container.
        public let container: Container
        /// Bytes in the files that it has changed.
        public let size: Int64
    }

    /// A volume's files.
    public struct VolumeShare: Sendable, Hashable {
        /// The volume.
        public let volume: Volume
        /// Bytes in its files.
        public let size: Int64
        /// How many containers use it.
        public let links: Int
    }

    /// The images, those loaded last first.
    public let images: [ImageShare]
    /// The containers, the newest first.
    public let containers: [ContainerShare]
    /// The volumes, by name.
    public let volumes: [VolumeShare]
    /// Bytes in the layers of all images, each layer once.
    public let layers: Int64
    /// Those of them that no image needs which a container was made from.
    public let unusedLayers: Int64
}

extension Engine {
    /// Counts what is on the disk.
    ///
    /// Of an image the files of its layers are counted, not the archives that they came in.
    ///
    /// - Parameter damaged: hears of each container whose record cannot be read, and which is not counted.
    /// - Throws: `EngineError`.
    public func diskUsage(damaged: (EngineError) -> Void = { _ in }) throws(EngineError) -> DiskUsage {
        let containers = try list(all: true, damaged: damaged)
        let volumes = try volumes()
        return try EngineError.wrapping {
            let made = Dictionary(grouping: containers, by: \.imageID).mapValues(\.count)
            let links = Dictionary(grouping: containers.flatMap { Set($0.volumeNames) }, by: { $0 }).mapValues(\.count)
            var layers = LayerCount()
            // One that is being removed right now is passed over.
            let present = try images.images().compactMap { image -> (image: Image, sizes: [Int64])? in
                guard let sizes = try? images.layerSizes(of: image) else { return nil }
                layers.add(image, sizes, isUsed: made[image.id.description] != nil)
                return (image, sizes)
            }
            return DiskUsage(
                images: present.map { image, sizes in
                    DiskUsage.ImageShare(
                        image: image, shared: layers.shared(image, sizes),
                        containers: made[image.id.description] ?? 0)
                },
                containers: containers.map {
                    DiskUsage.ContainerShare(container: $0, size: TreeSize.bytes(below: paths.container($0.id).upper))
                },
                volumes: volumes.map {
                    DiskUsage.VolumeShare(
                        volume: $0, size: TreeSize.bytes(below: $0.mountpoint), links: links[$0.name] ?? 0)
                },
                layers: layers.total, unusedLayers: layers.unused)
        }
    }
}

/// The layers of all images, each once.
private struct LayerCount {
    private var layers: [Digest: (size: Int64, images: Int, isUsed: Bool)] = [:]

    mutating func add(_ image: Image, _ sizes: [Int64], isUsed: Bool) {
        var seen: Set<Digest> = []
        for (diffID, size) in zip(image.layers, sizes) where seen.insert(diffID).inserted {
            let known = layers[diffID] ?? (size, 0, false)
            layers[diffID] = (size, known.images + 1, known.isUsed || isUsed)
        }
    }

    func shared(_ image: Image, _ sizes: [Int64]) -> Int64 {
        zip(image.layers, sizes).reduce(0) { sum, layer in
            sum + ((layers[layer.0]?.images ?? 0) > 1 ? layer.1 : 0)
        }
    }

    var total: Int64 { layers.values.reduce(0) { $0 + $1.size } }
    var unused: Int64 { layers.values.reduce(0) { $0 + ($1.isUsed ? 0 : $1.size) } }
}
