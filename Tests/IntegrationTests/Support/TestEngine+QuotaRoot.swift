import CLinux
import Glibc
import LinuxSystem
import Testing

/// A file system that can have project quotas.
enum QuotaFileSystem: String, CaseIterable {
    case ext4
    case xfs

    /// Those that can be made here, and whose quotas this kernel has.
    static let available = allCases.filter { (try? $0.isAvailable()) ?? false }

    private func isAvailable() throws -> Bool {
        guard isReadyForContainers else { return false }
        var template = Array("/var/tmp/nestbox-quota.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError("make", "a folder", .current) }
        let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { try? FileTree.remove(folder) }
        let root = "\(folder)/root"
        mkdir(root, 0o700)
        guard try make("\(folder)/image"), try mount("\(folder)/image", at: root, "prjquota") else { return false }
        defer { umount2(root, Int32(MNT_DETACH)) }
        let number = try FileDescriptor.open(root, O_RDONLY | O_DIRECTORY)
        return nb_project_quota_is_enforced(number.rawValue) == 1
    }

    /// Makes an image of 320 MiB, of which little takes room: XFS begins with 300.
    func make(_ image: String) throws -> Bool {
        try FileDescriptor.open(image, O_WRONLY | O_CREAT).writeAll([])
        try retrying("make", image) { truncate(image, 320 << 20) }
        let options = self == .ext4 ? ["-q", "-F", "-m", "0", "-I", "256", "-O", "quota,project"] : ["-q", "-f"]
        let program = "/usr/sbin/mkfs.\(rawValue)"
        guard access(program, X_OK) == 0 else { return false }
        return try Command.run([program] + options + [image]).status == 0
    }

    func mount(_ image: String, at folder: String, _ options: String...) throws -> Bool {
        let list = (["loop"] + options).joined(separator: ",")
        return try Command.run(["mount", "-t", rawValue, "-o", list, image, folder]).status == 0
    }
}

extension TestEngine {
    /// Gives `body` an engine with the busybox image whose root is a file system with project quotas.
    static func withQuotas(on system: QuotaFileSystem, _ body: (TestEngine) throws -> Void) throws {
        try with(image: nil) { engine in
            mkdir(engine.root, 0o700)
            try #require(try system.make(engine.quotaImage))
            try #require(try system.mount(engine.quotaImage, at: engine.root, "prjquota"))
            defer { umount2(engine.root, Int32(MNT_DETACH)) }
            try #require(engine("load", "-q", "-i", fixture("busybox-docker.tar")).status == 0)
            try body(engine)
            for id in try engine("ps", "-aq").lines { try engine("rm", "-f", String(id)) }
            #expect(engine.projects.isEmpty)
        }
    }

    var quotaImage: String { "\(folder)/image" }

    /// The numbers of the projects that are leased.
    var projects: [String] { Self.names(in: "\(root)/projects").sorted() }

    /// The project that a file in a container's own layer belongs to.
    func project(of container: String, _ path: String = "/") throws -> UInt32 {
        let id = try inspect(container, "{{.Id}}")
        let file = try FileDescriptor.open("\(root)/containers/\(id)/upper\(path)")
        var project: UInt32 = 0
        try checked(nb_project_of(file.rawValue, &project), "read the project of", path)
        return project
    }

    /// What the file system knows of a project.
    func quota(of project: UInt32) throws -> nb_project_quota {
        let file = try FileDescriptor.open(root, O_RDONLY | O_DIRECTORY)
        var quota = nb_project_quota()
        try checked(nb_project_quota_get(file.rawValue, project, &quota), "read the quota of", "\(project)")
        return quota
    }

    /// Makes a container with a size that stays until it is removed.
    func sized(_ name: String, _ size: String, _ options: String..., script: String = "sleep 1000") throws {
        let arguments =
            ["run", "-d", "--name", name, "--network", "none", "--storage-opt", "size=\(size)"] + options
            + ["busybox", "sh", "-c", script]
        let result = try run(arguments)
        try #require(result.status == 0, "\(result)")
    }

    /// Writes so many MiB in a running container.
    func fill(_ container: String, _ path: String, mebibytes: Int) throws -> CommandResult {
        try self("exec", container, "dd", "if=/dev/zero", "of=\(path)", "bs=64k", "count=\(mebibytes * 16)")
    }
}

extension CommandResult {
    /// Whether there was no room: XFS says that the disk is full, ext4 that the quota is exceeded.
    var isOutOfSpace: Bool {
        status != 0 && ["No space left", "uota exceeded", "ENOSPC", "EDQUOT"].contains { error.contains($0) }
    }
}
