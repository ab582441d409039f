internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// Where criu restores: a mount namespace with the container's root as a mount, which criu wants it to be.
///
/// It is nobody else's, and goes with criu: whoever is killed meanwhile, the host keeps no mount.
struct CRIUStage: ~Copyable {
    let mountNamespace: FileDescriptor
    /// The folders that criu finds through this process: of its own mount namespace, or it could mount nothing there.
    let imageFolder: FileDescriptor
    let workFolder: FileDescriptor

    /// Makes it.
    ///
    /// - Parameters:
    ///   - root: the container's root file system, a detached mount.
    ///   - place: the folder where criu finds it.
    ///   - linux: what the configuration says of a user namespace.
    /// - Throws: `SystemError`.
    static func make(
        root: borrowing FileDescriptor, place: String, images: borrowing ImageFolder, work: borrowing ImageFolder,
        _ linux: RuntimeSpecification.Linux
    ) throws(SystemError) -> CRIUStage {
        // Holds the paths.
        var memory = StepList()
        var stage = nb_stage()
        stage.root = root.rawValue
        stage.place = UnsafePointer(memory.text(place))
        stage.folders.0 = UnsafePointer(memory.text(images.path))
        stage.folders.1 = UnsafePointer(memory.text(work.path))
        stage.first_mount = -1
        if !linux.uidMappings.isEmpty { stage.first_mount = memory.keep(try readable(images, linux)) }
        let result = nb_stage_make(&stage)
        _ = consume memory
        try checked(result, "make a mount namespace for", "criu")
        let made = CRIUStage(
            mountNamespace: FileDescriptor(owning: stage.mount_namespace),
            imageFolder: FileDescriptor(owning: stage.opened.0), workFolder: FileDescriptor(owning: stage.opened.1))
        // By their paths once more: they must be what was looked at.
        try check(made.imageFolder, images)
        try check(made.workFolder, work)
        return made
    }

    /// The images as the files of the container's root: in its user namespace criu reads them with that one's rights, and they
    /// are for nobody else.
    private static func readable(
        _ images: borrowing ImageFolder, _ linux: RuntimeSpecification.Linux
    ) throws(SystemError) -> FileDescriptor {
        let namespace = try UserNamespace.make(linux.uidMappings, linux.gidMappings)
        let clone = FileDescriptor(
            owning: try checked(nb_clone_tree(images.descriptor.rawValue, "", 0), "clone", images.path))
        try checked(
            nb_set_attributes(clone.rawValue, 0, 0, 0, namespace.rawValue, 0), "map the ids of", images.path,
            hint:
                "the images of a container with a user namespace must be on a file system that supports ID-mapped mounts"
        )
        return clone
    }

    private static func check(
        _ opened: borrowing FileDescriptor, _ folder: borrowing ImageFolder
    ) throws(SystemError) {
        let (found, expected) = (try opened.status(), try folder.descriptor.status())
        guard found.st_dev == expected.st_dev, found.st_ino == expected.st_ino else {
            throw SystemError("use", folder.path, .invalidArgument, hint: "it was replaced meanwhile")
        }
    }
}
