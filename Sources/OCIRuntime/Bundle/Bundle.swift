internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// An OCI bundle: a folder with `config.json`, and with the root file system or a path to it.
struct Bundle {
    /// Absolute.
    let path: String
    /// The bytes of `config.json`.
    let bytes: [UInt8]
    var specification: RuntimeSpecification

    /// Reads the configuration.
    ///
    /// - Parameter file: another file than `config.json` (crun's `--config`), below the bundle unless absolute.
    /// - Throws: `LaunchError`.
    init(_ path: String, file: String? = nil) throws(LaunchError) {
        let folder = Self.absolute(path)
        self.path = folder
        let name = file.map { $0.begins(with: "/") ? $0 : "\(folder)/\($0)" } ?? "\(folder)/config.json"
        do throws(SystemError) {
            bytes = try FileDescriptor.open(name).readAll(limit: StoredFile.limit)
        } catch {
            throw LaunchError("cannot read the configuration: \(error)")
        }
        specification = try Self.parse(bytes, name)
        specification.mounts = specification.mounts.map { Self.resolved($0, in: folder) }
        try SpecificationCheck.check(specification)
    }

    /// A mount with absolute paths: a target is relative to the root, and what is bound to the bundle (config.md "Mounts").
    static func resolved(_ mount: RuntimeSpecification.Mount, in folder: String) -> RuntimeSpecification.Mount {
        var mount = mount
        if !mount.destination.begins(with: "/") { mount.destination = "/\(mount.destination)" }
        if mount.isBind, let source = mount.source, !source.begins(with: "/") { mount.source = "\(folder)/\(source)" }
        return mount
    }

    /// Reads the text of a configuration.
    static func parse(_ bytes: [UInt8], _ name: String) throws(LaunchError) -> RuntimeSpecification {
        do throws(JSONError) {
            return try RuntimeSpecification(jsonBytes: bytes)
        } catch {
            throw LaunchError("cannot read \(name): \(error)")
        }
    }

    /// What of the configuration has no effect, or a dangerous one; what cannot be had is taken out.
    mutating func takeWarnings() -> [String] {
        var warnings: [String] = []
        if let warning = SharedMountCheck.warning(specification) { warnings.append(warning) }
        if var process = specification.process {
            if let warning = UnknownCapabilities.remove(from: &process) { warnings.append(warning) }
            specification.process = process
        }
        if specification.linux?.resources?.memory?.kernel != nil {
            warnings.append(
                "linux.resources.memory.kernel has no effect: kernel memory has no limit of its own any more")
        }
        if specification.linux?.resources?.memory?.useHierarchy == false {
            warnings.append("linux.resources.memory.useHierarchy has no effect: sub-cgroups are always counted in")
        }
        return warnings
    }

    /// The root file system's folder, absolute.
    var rootfs: String {
        let root = specification.root?.path ?? "rootfs"
        return root.begins(with: "/") ? root : "\(path)/\(root)"
    }

    /// What the launcher makes the container from.
    func request(id: String, cgroupPath: String?, folder: ContainerFolder) -> LaunchRequest {
        var specification = specification
        var linux = specification.linux ?? .init()
        var resources = linux.resources ?? .init()
        // Everything is denied but what is named, and what every container has (config-linux.md "Default Devices").
        let defaults = Cgroup.defaultDeviceRules
        resources.devices = [defaults[0]] + resources.devices + defaults.dropFirst()
        // A cgroup for no process at all takes not even the first; runc makes 1 of it, too.
        if resources.pids?.limit == 0 { resources.pids = .init(limit: 1) }
        linux.resources = resources
        specification.linux = linux
        var request = LaunchRequest(
            id: id, specification: specification, rootFilesystem: .directory(rootfs), cgroupPath: cgroupPath ?? "",
            stateDirectory: folder.path, statePath: folder.recordPath)
        request.isFromEngine = false
        request.seccompCacheDirectory = ContainerFolder.seccompCache(in: folder.root)
        return request
    }

    /// A path without its dots, relative to the working folder.
    static func absolute(_ path: String) -> String {
        guard let resolved = path.withCString({ realpath($0, nil) }) else { return path }
        defer { free(resolved) }
        return String(cText: resolved)
    }
}
