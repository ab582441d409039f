internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// The files and folders that a container's mounts are mounted on, which criu takes for granted.
struct MountPlaces {
    private let mounts: [RuntimeSpecification.Mount]

    init(_ specification: RuntimeSpecification) {
        mounts = specification.mounts
    }

    /// Makes what is missing of them: in the root file system, or in what is bound there.
    ///
    /// What is on another file system of the container's own comes back with that.
    /// - Throws: `LaunchError`.
    func make(in root: borrowing RootDirectory) throws(LaunchError) {
        for (index, mount) in mounts.enumerated() {
            // The kernel has its place in sysfs, or a tmpfs comes back with it.
            if mount.type == "cgroup" || mount.type == "cgroup2" || MountOptions(mount.options).isRemount { continue }
            let outer = mounts[..<index].last { mount.destination.begins(with: "\($0.destination)/") }
            do throws(SystemError) {
                guard let outer else {
                    try make(mount, mount.destination, in: root)
                    continue
                }
                guard outer.isBind, let source = outer.source else { continue }
                let folder = try RootDirectory(path: source)
                try make(mount, String(mount.destination.dropFirst(outer.destination.count)), in: folder)
            } catch {
                throw LaunchError("cannot make the place of the mount \(mount.destination): \(error)")
            }
        }
    }

    private func make(
        _ mount: RuntimeSpecification.Mount, _ path: String, in root: borrowing RootDirectory
    ) throws(SystemError) {
        var status = stat()
        let isFile = mount.isBind && stat(mount.source ?? "", &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
        let folder = root.descriptor.rawValue
        let result =
            isFile
            ? nb_make_file_in_root(folder, path, 0o644, Int32(NB_LINKS_MAX))
            : nb_make_directories_in_root(folder, path, 0o755, Int32(NB_LINKS_MAX))
        _ = FileDescriptor(owning: try checked(result, "make", path))
    }
}
