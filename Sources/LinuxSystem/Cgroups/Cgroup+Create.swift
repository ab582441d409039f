internal import CLinux
internal import Glibc
public import OCISpec

/// A cgroup whose unified folder is there: a process can be born in it while the rest is made.
public struct BegunCgroup: ~Copyable, Sendable {
    private let cgroup: Cgroup
    fileprivate let folder: CgroupFolder
    fileprivate let controllers: [CgroupController]
    fileprivate let settings: [[CgroupSetting]]
    fileprivate let devices: DeviceProgram?

    fileprivate init(
        cgroup: Cgroup, folder: consuming CgroupFolder, controllers: [CgroupController], settings: [[CgroupSetting]],
        devices: DeviceProgram?
    ) {
        self.cgroup = cgroup
        self.folder = folder
        self.controllers = controllers
        self.settings = settings
        self.devices = devices
    }

    /// The folder in the unified tree, for `CLONE_INTO_CGROUP`; it stays owned by this.
    public var unified: Int32 { folder.descriptor.rawValue }

    /// Makes the v1 groups, and writes the limits.
    ///
    /// - Returns: what the process needs to get into the rest of it.
    /// - Throws: `CgroupError`; what was made stays, and so does who lives there.
    public consuming func finish() throws(CgroupError) -> CgroupEntrance {
        try cgroup.fill(self)
    }
}

extension Cgroup {
    /// Makes the cgroup with its limits and its device program; on failure nothing of it stays.
    ///
    /// Missing parents are made, and controllers switched on down the unified tree, as needed. A leftover without
    /// processes at the same path is replaced by a fresh cgroup. On v1 only the hierarchies of `memory`, `pids` and of
    /// what `resources` names get a folder.
    /// - Parameters:
    ///   - resources: limits; nil for none. Without device rules every device is allowed; with rules, what none of them names
    ///     is denied.
    ///   - counters: controllers that only count, for whoever reads the cgroup's files.
    /// - Returns: what a new process needs to get in.
    /// - Throws: `CgroupError`, `.inUse` when processes live at that path.
    @discardableResult
    public func create(
        resources: RuntimeSpecification.Linux.Resources? = nil, counters: [CgroupController] = []
    ) throws(CgroupError) -> CgroupEntrance {
        let begun = try begin(resources: resources, counters: counters)
        do throws(CgroupError) {
            return try begun.finish()
        } catch {
            try? remove(within: .seconds(1))
            throw error
        }
    }

    /// Makes what a process is born in; ``BegunCgroup/finish()`` makes the rest, as ``create(resources:counters:)`` does at once.
    ///
    /// On failure nothing of it stays.
    /// - Throws: `CgroupError`, `.inUse` when processes live at that path.
    public func begin(
        resources: RuntimeSpecification.Linux.Resources? = nil, counters: [CgroupController] = []
    ) throws(CgroupError) -> BegunCgroup {
        // All that can be wrong with the values themselves is found before anything is made.
        let settings = try CgroupSettings(resources ?? .init(), version: layout.version(of:))
        let devices = try resources.flatMap { resources throws(CgroupError) in
            resources.devices.isEmpty ? nil : try DeviceProgram(resources.devices)
        }
        let controllers = Self.standardControllers + counters + settings.controllers
        // Before anything is made that would be taken away together with what others have there.
        for point in v1Points(of: controllers) where isThere(in: point) {
            let folder = folderPath(in: point)
            guard try processes(in: [folder]).isEmpty else { throw .inUse(folder: folder) }
        }
        try makeFolder(in: layout.unified)
        do throws(CgroupError) {
            let folder = CgroupFolder(try openUnified(), path: unifiedPath, cgroup: path)
            // Before anybody lives there: to be handed a controller then would move all who do.
            try enable(controllers, in: folder)
            return BegunCgroup(
                cgroup: self, folder: folder, controllers: controllers, settings: settings.groups, devices: devices)
        } catch {
            try? remove(within: .seconds(1))
            throw error
        }
    }

    fileprivate func fill(_ begun: consuming BegunCgroup) throws(CgroupError) -> CgroupEntrance {
        let points = v1Points(of: begun.controllers)
        for point in points { try makeV1Group(in: point) }
        try write(begun.settings)
        if let devices = begun.devices, !devices.allowsEverything { try attach(devices, to: begun.folder) }

        var descriptors: [Int32] = []
        for point in points {
            guard let descriptor = try openTasks(in: point) else { continue }
            descriptors.append(descriptor)
        }
        return CgroupEntrance(unified: begun.folder.descriptor, joinDescriptors: descriptors)
    }

    /// Changes limits of a running cgroup.
    ///
    /// v1 groups that it did not need so far are made, and its processes moved in.
    /// What `resources` does not name stays as it is. Device rules, when there are any, replace the former ones.
    /// - Throws: `CgroupError`; settings before the one that failed have been made.
    public func apply(_ resources: RuntimeSpecification.Linux.Resources) throws(CgroupError) {
        let folder = CgroupFolder(try openUnified(), path: unifiedPath, cgroup: path)
        let settings = try CgroupSettings(resources, version: layout.version(of:)) {
            controller, file throws(CgroupError) in
            try openFolder(of: controller)?.read(file)
        }
        let devices = resources.devices.isEmpty ? nil : try DeviceProgram(resources.devices)
        if resources.memory?.checkBeforeUpdate == true { try checkUsage(against: resources.memory?.limit) }
        try enable(settings.controllers, in: folder)
        var added: [String] = []
        for point in v1Points(of: settings.controllers) where !isThere(in: point) {
            try makeV1Group(in: point)
            added.append(point)
        }
        try write(settings.groups)
        if !added.isEmpty { try moveProcesses(into: added) }
        if let devices { try attach(devices, to: folder) }
    }

    /// OCI's `checkBeforeUpdate`: a limit below the present use is refused instead of enforced by killing.
    private func checkUsage(against limit: Int64?) throws(CgroupError) {
        guard let limit, limit > 0, let current = try statistics().memoryCurrent, current > UInt64(limit) else {
            return
        }
        throw .invalidResource(
            "memory.limit", value: String(limit),
            reason: "\(path) uses \(current) bytes now, and checkBeforeUpdate is set")
    }

    private func v1Points(of controllers: [CgroupController]) -> [String] {
        var points: [String] = []
        for controller in controllers {
            if let point = layout.v1[controller], !points.contains(point) { points.append(point) }
        }
        return points
    }

    /// Moves every process of the unified cgroup into v1 groups, until no new one appears.
    private func moveProcesses(into points: [String]) throws(CgroupError) {
        var moved: Set<Int32> = []
        for _ in 0..<100 {
            let processes = try processes().filter { !moved.contains($0) }
            if processes.isEmpty { return }
            for process in processes {
                do throws(CgroupError) {
                    for point in points { _ = try attemptJoin(process, folder: folderPath(in: point)) }
                } catch .join(_, _, .noSuchProcess, _) {
                    // It ended meanwhile.
                }
                moved.insert(process)
            }
        }
        throw .timedOut(operation: "move all processes within", cgroup: path, processes: try processes())
    }
}

// MARK: - Folders

extension Cgroup {
    /// Makes the cgroup's own folder, fresh, and its parents where they are missing.
    private func makeFolder(in mountPoint: String) throws(CgroupError) {
        let folder = folderPath(in: mountPoint)
        // Others may remove an empty parent, or a leftover, at the same time; that cannot go on for ever.
        for _ in 0..<16 {
            if folder.withCString({ mkdir($0, 0o755) }) == 0 { return }
            switch Errno.current {
            case .noSuchFile: try makeParents(in: mountPoint)
            case .exists:
                // A leftover of a crash. It may have been killed, and then kills whatever is put into it: never reused.
                if try attemptRemove(folder) { continue }
                // Nothing of a living one is touched.
                guard try processes(in: [folder]).isEmpty else { throw .inUse(folder: folder) }
                guard try CgroupTree.removeChildren(path: folder, cgroup: path), try attemptRemove(folder) else {
                    throw .inUse(folder: folder)
                }
            case let errno: throw .folder(operation: "make", folder: folder, errno: errno, hint: Self.makeHint(errno))
            }
        }
        throw .folder(operation: "make", folder: folder, errno: .busy, hint: "others keep removing its parents")
    }

    private func makeParents(in mountPoint: String) throws(CgroupError) {
        for count in 1..<max(location.components.count, 1) {
            let parent = "\(mountPoint)/\(location.ancestor(count))"
            guard parent.withCString({ mkdir($0, 0o755) }) != 0 else { continue }
            let errno = Errno.current
            guard errno != .exists else { continue }
            // Removed by somebody while its child is made: the caller starts again.
            if errno == .noSuchFile, count > 1 { return }
            throw .folder(operation: "make", folder: parent, errno: errno, hint: Self.makeHint(errno))
        }
    }

    private static func makeHint(_ errno: Errno) -> String? {
        switch errno {
        case .accessDenied, .notPermitted: "run as root"
        case Errno(EROFS): "the cgroup filesystem is mounted read-only"
        case .noSuchFile: "the cgroup filesystem is not mounted there any more"
        case .tryAgain: "cgroup.max.descendants or cgroup.max.depth of a parent is reached"
        case Errno(ENOSPC): "the kernel has no cgroup numbers left; remove unused cgroups"
        default: nil
        }
    }

    private func makeV1Group(in mountPoint: String) throws(CgroupError) {
        try makeFolder(in: mountPoint)
        if mountPoint == layout.v1[.cpuset] { try inheritCpuset(in: mountPoint) }
    }

    /// A new v1 cpuset has no CPUs and no memory nodes, and then takes no process: each level gets its parent's.
    private func inheritCpuset(in mountPoint: String) throws(CgroupError) {
        for file in ["cpuset.cpus", "cpuset.mems"] {
            var value = try CgroupFolder(path: mountPoint, cgroup: "the root cgroup").read(file) ?? ""
            for count in 1...location.components.count {
                let name = location.ancestor(count)
                let folder = try CgroupFolder(path: "\(mountPoint)/\(name)", cgroup: name)
                let own = try folder.read(file) ?? ""
                if own.isEmpty { try folder.write(value, to: file) } else { value = own }
            }
        }
    }
}

// MARK: - Controllers of the unified tree

extension Cgroup {
    /// Switches controllers on in every ancestor where they are off.
    ///
    /// One that only the standard set wants, and the
    /// machine has not got, is left out.
    private func enable(_ controllers: [CgroupController], in folder: borrowing CgroupFolder) throws(CgroupError) {
        let wanted = controllers.filter { layout.version(of: $0) == .v2 }.compactMap(\.unifiedName)
        if wanted.isEmpty { return }
        let present = try Self.words(folder.read("cgroup.controllers"))
        var missing = wanted.filter { !present.contains($0) }
        if missing.isEmpty { return Self.awaitFiles(of: wanted, in: folder) }

        for count in 0..<location.components.count {
            let name = count == 0 ? "" : location.ancestor(count)
            let ancestor = try CgroupFolder(
                path: count == 0 ? layout.unified : "\(layout.unified)/\(name)",
                cgroup: count == 0 ? "the root cgroup" : name)
            let available = try Self.words(ancestor.read("cgroup.controllers"))
            missing.removeAll { !available.contains($0) }
            let enabled = try Self.words(ancestor.read("cgroup.subtree_control"))
            let change = missing.filter { !enabled.contains($0) }.map { "+\($0)" }
            guard !change.isEmpty else { continue }
            try ancestor.write(
                change.joined(separator: " "), to: "cgroup.subtree_control",
                hint: "it has processes of its own; only a cgroup without any, or the root, can hand on controllers")
        }
        Self.awaitFiles(of: wanted, in: folder)
    }

    /// A file that a cgroup has as soon as it has a controller's files.
    private static func firstFile(of controller: String) -> String? {
        switch controller {
        case "cpu": "cpu.weight"
        case "cpuset": "cpuset.cpus"
        case "io": "io.max"
        case "memory": "memory.max"
        case "pids": "pids.max"
        default: nil
        }
    }

    /// The kernel says that a controller is on a moment before its files are there (cgroup_subtree_control_write sets the mask,
    /// and then makes the files): somebody else may be just switching it on.
    private static func awaitFiles(of controllers: [String], in folder: borrowing CgroupFolder) {
        let present = (try? words(folder.read("cgroup.controllers"))) ?? []
        for controller in controllers where present.contains(controller) {
            guard let file = firstFile(of: controller) else { continue }
            // A second at most: a kernel without the file is told of when the file is written.
            for _ in 0..<500 {
                if faccessat(folder.descriptor.rawValue, file, F_OK, 0) == 0 { break }
                usleep(2000)
            }
        }
    }

    private static func words(_ text: String?) -> [String] {
        text?.split(separator: " ").map(String.init) ?? []
    }
}

// MARK: - Values

extension Cgroup {
    /// - Parameter groups: the settings of a group limit each other.
    private func write(_ groups: [[CgroupSetting]]) throws(CgroupError) {
        for group in groups {
            var rest = group
            while !rest.isEmpty {
                // What limits each other has to be written in an order that depends on the present values.
                var refused: [CgroupSetting] = []
                var failure: CgroupError?
                for setting in rest {
                    do throws(CgroupError) {
                        try write(setting)
                    } catch .write(let value, let file, let cgroup, .invalidArgument, let hint) {
                        refused.append(setting)
                        failure =
                            failure
                            ?? .write(value: value, file: file, cgroup: cgroup, errno: .invalidArgument, hint: hint)
                    }
                }
                if let failure, refused.count == rest.count { throw failure }
                rest = refused
            }
        }
    }

    private func write(_ setting: CgroupSetting) throws(CgroupError) {
        let folder = folderPath(in: layout.mountPoint(of: setting.controller))
        for choice in setting.choices {
            let result = nb_cgroup_write(AT_FDCWD, "\(folder)/\(choice.file)", choice.value, choice.value.utf8.count)
            if result >= 0 { return }
            let errno = Errno(-result)
            // The kernel has no such file; to a value it never says ENOENT.
            if errno == .noSuchFile { continue }
            throw .write(
                value: choice.value, file: choice.file, cgroup: path, errno: errno,
                hint: hint(choice.file, errno))
        }
        if setting.isRequired {
            throw .unavailable(setting: setting.name, cgroup: path, hint: setting.missingHint)
        }
    }

    private func hint(_ file: String, _ errno: Errno) -> String? {
        switch (file, errno) {
        case (_, .accessDenied), (_, .notPermitted): "run as root"
        case (_, Errno(EROFS)): "the cgroup filesystem is mounted read-only"
        case ("memory.limit_in_bytes", .invalidArgument), ("memory.memsw.limit_in_bytes", .invalidArgument):
            "memory and swap together cannot be limited below memory alone; change memory.limit and memory.swap together"
        case ("memory.limit_in_bytes", .busy), ("memory.memsw.limit_in_bytes", .busy):
            "the container uses \((try? statistics().memoryCurrent).map(String.init) ?? "more") bytes that cannot be taken "
                + "from it; the smallest possible limit is what it uses"
        case ("cpuset.cpus", _): "give CPUs that this machine has online and the parent cgroup may use"
        case ("cpuset.mems", _): "give memory nodes that this machine has and the parent cgroup may use"
        case ("cpu.cfs_quota_us", .invalidArgument), ("cpu.cfs_period_us", .invalidArgument),
            ("cpu.max", .invalidArgument):
            "the period is 1000 to 1000000 µs, the quota at least 1000 µs, and not more of a CPU than the parent cgroup has"
        case ("cpu.cfs_burst_us", .invalidArgument), ("cpu.max.burst", .invalidArgument):
            "the burst cannot be above the quota"
        case ("cpu.shares", .invalidArgument), ("cpu.weight", .invalidArgument):
            "an idle cgroup (cpu.idle 1) has no shares"
        case (_, Errno(ENODEV)) where file.begins(with: "blkio.") || file.begins(with: "io."):
            "give the numbers of a whole disk that exists, not of a partition"
        default: nil
        }
    }
}
