internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Opens the folders that entries lie in, inside the root, and keeps the last few open: neighbours in an archive mostly
/// share their folder.
///
/// What is kept are descriptors, so a path is never trusted twice; still, a symbolic link on the way may come to mean
/// another folder, so ``forget()`` must be called whenever anything below the root is removed.
struct FolderCache: ~Copyable {
    private struct Slot {
        /// Empty once it must not be found any more; the root itself is never in a slot.
        var path: [CChar]
        var descriptor: Int32
    }

    private let root: Int32
    private var slots: [Slot] = []
    private var oldest = 0
    /// What the last two calls answered: an entry and the target of its hard link.
    ///
    /// They stay open.
    private var recent: (Int32, Int32) = (-1, -1)

    /// - Parameter root: the open root folder. Must stay open.
    init(root: Int32) {
        self.root = root
    }

    deinit {
        for slot in slots { close(slot.descriptor) }
    }

    /// The folder that `path` lies in, made with mode 0755 where it is missing.
    ///
    /// Stays owned by the cache, and open for one more call.
    ///
    /// - Throws: `ImageStoreError`, `SystemError`.
    mutating func folder(of path: borrowing EntryPath, for entry: LayerEntry) throws -> Int32 {
        if let known = find(path) { return known }
        var descriptor = nb_open_in_root(root, path.folder, NB_O_PATH | O_DIRECTORY, 0)
        if descriptor == -ENOENT { descriptor = nb_make_directories_in_root(root, path.folder, 0o755, 0) }
        if descriptor == -ENOTDIR || descriptor == -ELOOP || descriptor == -EEXIST || descriptor == -ENOENT {
            throw entry.pathIsBlocked
        }
        try checked(descriptor, "open the folder of", entry.text)
        return keep(descriptor, path)
    }

    /// The folder that `path` lies in, or -errno.
    ///
    /// Stays owned by the cache, and open for one more call.
    mutating func existingFolder(of path: borrowing EntryPath) -> Int32 {
        if let known = find(path) { return known }
        let descriptor = nb_open_in_root(root, path.folder, NB_O_PATH | O_DIRECTORY, 0)
        return descriptor < 0 ? descriptor : keep(descriptor, path)
    }

    /// Lets no path be found any more.
    mutating func forget() {
        for index in slots.indices.reversed() {
            if slots[index].descriptor == recent.0 || slots[index].descriptor == recent.1 {
                slots[index].path = []
            } else {
                close(slots[index].descriptor)
                slots.remove(at: index)
            }
        }
        oldest = 0
    }

    private mutating func find(_ path: borrowing EntryPath) -> Int32? {
        let count = path.folderCount
        if count == 0 { return note(root) }
        for slot in slots where slot.path.count == count {
            if memcmp(slot.path, path.folder, count) == 0 { return note(slot.descriptor) }
        }
        return nil
    }

    private mutating func keep(_ descriptor: Int32, _ path: borrowing EntryPath) -> Int32 {
        let slot = Slot(
            path: Array(UnsafeBufferPointer(start: path.folder, count: path.folderCount)), descriptor: descriptor)
        if slots.count < 8 {
            slots.append(slot)
        } else {
            while slots[oldest].descriptor == recent.0 || slots[oldest].descriptor == recent.1 {
                oldest = (oldest + 1) % slots.count
            }
            close(slots[oldest].descriptor)
            slots[oldest] = slot
            oldest = (oldest + 1) % slots.count
        }
        return note(descriptor)
    }

    private mutating func note(_ descriptor: Int32) -> Int32 {
        if recent.0 != descriptor { recent = (descriptor, recent.0) }
        return descriptor
    }
}
