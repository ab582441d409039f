internal import Glibc
internal import OCISpec

extension Cgroup {
    /// Removes the cgroup from every hierarchy as far as nobody lives in it and nothing is below it.
    ///
    /// That is so at the end of nearly every container, and looking first takes as long as removing.
    /// - Returns: false when something may be left, for ``killAndWait(within:)`` and ``remove(within:)``.
    public func removeIfEmpty() -> Bool {
        // The unified folder goes last: as long as it is there, something is left to be removed.
        for point in layout.v1MountPoints + [layout.unified] {
            guard (try? attemptRemove(folderPath(in: point))) == true else { return false }
        }
        return true
    }

    /// Removes the cgroup and everything below it from every hierarchy.
    ///
    /// What is not there counts as removed.
    ///
    /// Processes are not killed: ``killAndWait(within:)`` first. The parents stay: other containers live there.
    /// - Throws: `CgroupError.timedOut` naming the processes when some are left after `limit`, or `.folder`.
    public func remove(within limit: Duration = .seconds(10)) throws(CgroupError) {
        // The unified folder goes last: as long as it is there, something is left to be removed.
        let folders = (layout.v1MountPoints + [layout.unified]).map(folderPath(in:))
        var left: [String] = []
        for folder in folders where try !attemptRemove(folder) { left.append(folder) }
        if left.isEmpty { return }

        let deadline = Deadline(after: limit)
        if try !waitUntilEmpty(within: limit) {
            throw .timedOut(operation: "remove", cgroup: path, processes: try processes())
        }
        // Even after the last process is gone a folder may be busy for a moment; nothing tells of the end of that on v1.
        var pause = 1_000_000
        while true {
            var busy: [String] = []
            for folder in left {
                _ = try CgroupTree.removeChildren(path: folder, cgroup: path)
                if try !attemptRemove(folder) { busy.append(folder) }
            }
            left = busy
            if left.isEmpty { return }
            if deadline.hasPassed {
                throw .folder(
                    operation: "remove", folder: left[0], errno: .busy,
                    hint: "processes: \(try processes(in: left).map(String.init).joined(separator: ", "))")
            }
            var time = timespec(tv_sec: 0, tv_nsec: pause)
            nanosleep(&time, nil)
            pause = min(pause * 2, 50_000_000)
        }
    }

    func processes(in folders: [String]) throws(CgroupError) -> [Int32] {
        var result: [Int32] = []
        for folder in folders {
            try CgroupTree.visit(path: folder, cgroup: path) { folder throws(CgroupError) in
                result += try folder.processes()
            }
        }
        return result
    }

    /// False when the folder is busy: it has processes or sub-cgroups.
    func attemptRemove(_ folder: String) throws(CgroupError) -> Bool {
        guard folder.withCString({ rmdir($0) }) != 0 else { return true }
        switch Errno.current {
        case .noSuchFile: return true
        case .busy, .notEmpty: return false
        case let errno:
            throw .folder(
                operation: "remove", folder: folder, errno: errno, hint: errno == Errno(EROFS) ? nil : "run as root")
        }
    }

    /// Removes the parents that are empty, from the deepest up, as far as their path begins with `nestbox`.
    ///
    /// Others may be making cgroups there at the same time: ``create(resources:)`` makes missing parents again.
    /// - Throws: `CgroupError.folder`.
    public func removeEmptyParents() throws(CgroupError) {
        guard location.components.first?.begins(with: "nestbox") == true else { return }
        for point in layout.v1MountPoints + [layout.unified] {
            for count in (1..<location.components.count).reversed() {
                guard try attemptRemove("\(point)/\(location.ancestor(count))") else { break }
            }
        }
    }
}
