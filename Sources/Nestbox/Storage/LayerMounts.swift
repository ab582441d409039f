internal import CLinux
internal import Glibc
internal import ImageStore
internal import LinuxSystem

/// Layers that are EROFS images (`ErofsImage`), mounted below the run root: once for all containers, which so share what is in
/// memory of a layer.
///
/// A mount lasts until the store has the layer no more, or the machine stops. It is named by the layer and the inode of its
/// image, which nobody else gets while it is mounted: a layer that was made anew is another mount. Whoever is killed leaves a
/// folder, or a mount that the next one uses.
struct LayerMounts {
    /// The folder that the mounts lie in.
    let folder: String

    /// The folder with a layer's files, which need not be mounted yet.
    ///
    /// - Parameter layer: the layer's folder `…/layers/HEX/diff`, which is the answer where the layer is no image.
    /// - Throws: `SystemError`.
    func place(ofLayer layer: String) throws(SystemError) -> String {
        let image = Self.image(ofLayer: layer)
        guard let inode = try Self.inode(image) else { return layer }
        return "\(folder)/\(Self.name(image, inode))"
    }

    /// The same, mounted.
    ///
    /// - Throws: `SystemError`.
    func files(ofLayer layer: String) throws(SystemError) -> String {
        let path = try place(ofLayer: layer)
        if path != layer, !isMounted(path) {
            try? removeUnneeded(String(layer.dropLast("/\(Self.name(ofLayer: layer))/diff".utf8.count)))
            try mount(Self.image(ofLayer: layer), on: path)
        }
        return path
    }

    private func mount(_ image: String, on path: String) throws(SystemError) {
        try StoredFile.makeFolder(folder)
        // Two at once would put one mount over the other. Not the place's own lock: it is another folder once it is mounted.
        guard let lock = try FolderLock.acquire(folder) else {
            throw SystemError("lock", folder, .noSuchFile, hint: "somebody has removed it; try again")
        }
        defer { lock.hold() }
        try StoredFile.makeFolder(path)
        if isMounted(path) { return }
        let file = try FileDescriptor.open(image, O_RDONLY | O_NOFOLLOW)
        guard path == "\(folder)/\(Self.name(image, UInt64(try file.status().st_ino)))" else {
            throw SystemError("mount", image, .noSuchFile, hint: "its layer was just made anew; try again")
        }
        let mount = try ErofsImage.mount(file, name: image)
        try checked(nb_attach(mount.rawValue, AT_FDCWD, path), "mount \(image) on", path)
    }

    /// Unmounts the layers that the store does not have any more.
    ///
    /// - Parameter layers: the store's folder of layers.
    /// - Throws: `SystemError`.
    func removeUnneeded(_ layers: String) throws(SystemError) {
        guard let lock = try FolderLock.acquire(folder) else { return }
        defer { lock.hold() }
        for name in try StoredFile.names(in: folder) {
            let layer = name.prefix { $0 != "-" }
            let image = "\(layers)/\(layer)/\(ErofsImage.file)"
            if let inode = try Self.inode(image), Self.name(image, inode) == name { continue }
            let path = "\(folder)/\(name)"
            try MountPoint.clear(path, while: isMounted)
            rmdir(path)
        }
    }

    private func isMounted(_ path: String) -> Bool {
        guard let place = try? FileDescriptor.open(path, NB_O_PATH | O_DIRECTORY | O_NOFOLLOW) else { return false }
        return nb_is_on_erofs(place.rawValue) == 1
    }

    /// `…/layers/HEX/diff` gives `…/layers/HEX/layer.erofs`.
    private static func image(ofLayer layer: String) -> String {
        "\(layer[..<(layer.lastIndex(of: "/") ?? layer.startIndex)])/\(ErofsImage.file)"
    }

    /// `…/layers/HEX/FILE` gives HEX.
    private static func name(ofLayer path: String) -> Substring { path.split(separator: "/").dropLast().last ?? "" }

    private static func name(_ image: String, _ inode: UInt64) -> String { "\(name(ofLayer: image))-\(inode).erofs" }

    /// The inode of an image; nil where there is none, which a failure to look does not mean.
    private static func inode(_ path: String) throws(SystemError) -> UInt64? {
        var status = stat()
        if lstat(path, &status) == 0 { return UInt64(status.st_ino) }
        guard [.noSuchFile, .notDirectory].contains(Errno.current) else {
            throw SystemError("look at", path, Errno.current)
        }
        return nil
    }
}

extension Engine {
    /// The folders with the files of a container's layers, topmost first; those that are images are mounted.
    ///
    /// - Throws: `SystemError`.
    func layerFolders(of record: ContainerRecord) throws(SystemError) -> [String] {
        let mounts = LayerMounts(folder: paths.layerMounts)
        var folders: [String] = []
        for layer in layers(of: record) { folders.append(try mounts.files(ofLayer: layer)) }
        return folders
    }

    /// The same, mounted or not; the layer itself where that cannot be found out.
    func layerPlaces(of record: ContainerRecord) -> [String] {
        let mounts = LayerMounts(folder: paths.layerMounts)
        return layers(of: record).map { (try? mounts.place(ofLayer: $0)) ?? $0 }
    }

    /// Unmounts layers that were removed.
    func unmountRemovedLayers() throws(SystemError) {
        try LayerMounts(folder: paths.layerMounts).removeUnneeded(paths.layers)
    }
}
