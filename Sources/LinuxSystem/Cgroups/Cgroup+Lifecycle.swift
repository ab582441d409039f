internal import CLinux
internal import Glibc
internal import OCISpec

extension Cgroup {
    /// Whether a process lives in the cgroup or below it; false when there is no such cgroup.
    ///
    /// - Throws: `CgroupError.read`.
    public func isPopulated() throws(CgroupError) -> Bool {
        try unifiedState("populated") == 1
    }

    /// Whether all its processes are frozen.
    ///
    /// - Throws: `CgroupError.read`.
    public func isFrozen() throws(CgroupError) -> Bool {
        try unifiedState("frozen") == 1
    }

    private func unifiedState(_ key: String) throws(CgroupError) -> Int? {
        let folder: CgroupFolder
        do {
            folder = try CgroupFolder(path: unifiedPath, cgroup: path)
        } catch .folder(_, _, .noSuchFile, _) {
            return nil
        }
        return keyedNumber(key, in: try folder.read("cgroup.events") ?? "")
    }

    /// Waits until no process is left; false when some are after `limit`.
    ///
    /// A cgroup that is gone is empty.
    ///
    /// - Throws: `CgroupError.read`.
    public func waitUntilEmpty(within limit: Duration) throws(CgroupError) -> Bool {
        try wait(within: limit) { keyedNumber("populated", in: $0) == 0 }
    }

    /// Waits by poll(2) until the text of `cgroup.events` is as wanted, or the cgroup gone.
    private func wait(within limit: Duration, until isReached: (String) -> Bool) throws(CgroupError) -> Bool {
        guard let events = try openEvents() else { return true }
        let deadline = Deadline(after: limit)
        var buffer = [UInt8](repeating: 0, count: 256)
        while true {
            // Reading from the start again also tells the kernel which state poll has to differ from.
            let count = pread(events.rawValue, &buffer, buffer.count, 0)
            if count >= 0 {
                if isReached(String(decoding: buffer[..<count], as: UTF8.self)) { return true }
            } else {
                let errno = Errno.current
                if errno == Errno(ENODEV) { return true }
                guard errno == .interrupted else { throw .read(file: "cgroup.events", cgroup: path, errno: errno) }
            }
            let left = deadline.millisecondsLeft
            guard left > 0 else { return false }
            let waited = nb_cgroup_wait(events.rawValue, left)
            guard waited >= 0 else { throw .read(file: "cgroup.events", cgroup: path, errno: Errno(-waited)) }
        }
    }

    /// Nil when there is no such cgroup, or it goes away at this moment (ENODEV).
    private func openEvents() throws(CgroupError) -> FileDescriptor? {
        do {
            return try FileDescriptor.open("\(unifiedPath)/cgroup.events", O_RDONLY | O_NOFOLLOW)
        } catch  where error.errno == .noSuchFile || error.errno.rawValue == ENODEV {
            return nil
        } catch {
            throw .read(file: "cgroup.events", cgroup: path, errno: error.errno)
        }
    }
}

// MARK: - Freezing

extension Cgroup {
    /// Stops every process of the cgroup and its sub-cgroups where it stands.
    ///
    /// - Throws: `CgroupError.timedOut` when a process did not stop within `limit` (one in an uninterruptible wait does
    ///   not); everything is thawed again then.
    public func freeze(within limit: Duration = .seconds(10)) throws(CgroupError) {
        do {
            let folder = try CgroupFolder(path: unifiedPath, cgroup: path)
            try folder.write("1", to: "cgroup.freeze", hint: "freezing needs Linux 5.2 or newer")
        }
        guard try !wait(within: limit, until: { keyedNumber("frozen", in: $0) == 1 }) else { return }
        try thaw()
        throw .timedOut(operation: "freeze", cgroup: path, processes: try processes())
    }

    /// Lets everything run again: the cgroup, its sub-cgroups, and v1 freezer groups of the same path and below.
    ///
    /// - Throws: `CgroupError`.
    public func thaw() throws(CgroupError) {
        try CgroupTree.visit(path: unifiedPath, cgroup: path) { folder throws(CgroupError) in
            guard try folder.read("cgroup.freeze") == "1" else { return }
            try folder.write("0", to: "cgroup.freeze")
        }
        try thawFreezerGroup()
    }

    /// Thaws the v1 freezer group of this cgroup's path, if something made one, and those below.
    private func thawFreezerGroup() throws(CgroupError) {
        guard let point = layout.v1[.freezer] else { return }
        try CgroupTree.visit(path: folderPath(in: point), cgroup: path) { folder throws(CgroupError) in
            try folder.write("THAWED", to: "freezer.state")
        }
    }

    /// Thaws v1 freezer groups anywhere that hold nothing but processes of this cgroup.
    ///
    /// A container that may write to the freezer hierarchy can put itself into such. A process frozen there does not even die of SIGKILL.
    private func thawFreezerGroups(of processes: [Int32]) throws(CgroupError) {
        guard let point = layout.v1[.freezer] else { return }
        let own = Set(processes)
        var seen: Set<String> = []
        for process in processes {
            guard let group = Self.freezerGroup(of: process), group != "/", seen.insert(group).inserted else {
                continue
            }
            guard !group.pathComponents.contains("..") else { continue }
            do {
                let folder = try CgroupFolder(path: point + group, cgroup: group)
                // Somebody else's cgroup is never touched.
                guard try folder.processes().allSatisfy(own.contains) else { continue }
                try folder.write("THAWED", to: "freezer.state")
            } catch .folder(_, _, .noSuchFile, _) {
                continue
            }
        }
    }

    /// The process's path in the v1 freezer hierarchy.
    private static func freezerGroup(of process: Int32) -> String? {
        guard let file = try? FileDescriptor.open("/proc/\(process)/cgroup"),
            let bytes = try? file.readAll(limit: 1 << 20)
        else { return nil }
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3,
                fields[1].split(separator: UInt8(ascii: ",")).contains(where: { $0.elementsEqual("freezer".utf8) })
            else { continue }
            return String(decoding: fields[2], as: UTF8.self)
        }
        return nil
    }
}

// MARK: - Killing

extension Cgroup {
    /// Sends SIGKILL to every process of the cgroup and its sub-cgroups, frozen or not, and does not wait.
    ///
    /// The cgroup cannot be used again afterwards. One that does not exist has nothing to kill.
    /// - Throws: `CgroupError`.
    public func kill() throws(CgroupError) {
        let errno: Errno?
        do {
            errno = try CgroupFolder(path: unifiedPath, cgroup: path).attemptWrite("1", to: "cgroup.kill")
        } catch .folder(_, _, .noSuchFile, _) {
            return
        }
        switch errno {
        case nil:
            // On the unified tree the signal reaches frozen processes. It comes before the thaw of v1 freezer groups so
            // that nothing in them runs another instruction.
            try thawFreezerGroup()
        case .noSuchFile: try killOneByOne()
        case Errno(ENODEV): return
        case let errno?:
            throw .write(value: "1", file: "cgroup.kill", cgroup: path, errno: errno, hint: nil)
        }
    }

    /// ``kill()``, then waits until nothing is left.
    ///
    /// - Throws: `CgroupError.timedOut` naming the processes that are still there after `limit`.
    public func killAndWait(within limit: Duration = .seconds(10)) throws(CgroupError) {
        let deadline = Deadline(after: limit)
        try kill()
        // Dying takes a few milliseconds; who is not gone by then may sit in a frozen v1 group.
        if try waitUntilEmpty(within: min(limit, .milliseconds(100))) { return }
        try thawFreezerGroups(of: try processes())
        if try waitUntilEmpty(within: .milliseconds(Int64(deadline.millisecondsLeft))) { return }
        throw .timedOut(operation: "kill", cgroup: path, processes: try processes())
    }

    /// For kernels before 5.14, which have no `cgroup.kill`: frozen, a process cannot fork away from the signal.
    private func killOneByOne() throws(CgroupError) {
        try? freeze(within: .milliseconds(500))
        for _ in 0..<64 {
            let processes = try processes()
            if processes.isEmpty { break }
            for process in processes { _ = Glibc.kill(process, SIGKILL) }
            try thaw()
            if try waitUntilEmpty(within: .milliseconds(20)) { return }
            try thawFreezerGroups(of: processes)
        }
        try thaw()
    }
}
