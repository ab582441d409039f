import Glibc
import LinuxSystem
import Testing

/// What a container's root has power over: its own user namespace's ids, or the host's.
enum Users: String, CaseIterable {
    case own = "private"
    case host

    var option: String { "--userns=\(rawValue)" }
}

/// A file that must stay as it is: what the kernel says about it.
struct FileIdentity: Equatable {
    var inode: UInt
    var size: Int
    var mode: UInt32
    var owner: UInt32
    var changed: Int
    var changedNanoseconds: Int

    init(_ path: String) throws {
        var status = stat()
        try retrying("stat", path) { stat(path, &status) }
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        mode = status.st_mode
        owner = status.st_uid
        changed = status.st_ctim.tv_sec
        changedNanoseconds = status.st_ctim.tv_nsec
    }
}

extension TestEngine {
    /// The path of the runtime's executable.
    static func runtimePath() throws -> String {
        guard let folder = getenv("NESTBOX_BIN") else { throw SystemError("find", "$NESTBOX_BIN", .noSuchFile) }
        return "\(String(cString: folder))/nestbox-runtime"
    }

    /// Runs a shell script in a new container of `image`.
    func script(_ text: String, image: String = "busybox", _ options: String..., seconds: Int = 60) throws
        -> CommandResult
    {
        try run(["run", "--rm"] + options + [image, "sh", "-c", text], seconds: seconds)
    }

    /// A detached container that stays until it is removed; answers its name.
    func resident(image: String = "busybox", _ options: String..., script: String = "sleep 1000") throws -> String {
        let name = "resident"
        let started = try run(["run", "-d", "--name", name] + options + [image, "sh", "-c", script])
        #expect(started.status == 0, "\(started)")
        return name
    }

    /// The pids of a running container's first process and of its supervisor.
    func processes(of container: String) throws -> (process: String, supervisor: String) {
        let process = try inspect(container, "{{.State.Pid}}")
        let status = try Self.read("/proc/\(process)/status")
        let parent = status.split(separator: "\n").first { $0.hasPrefix("PPid:") } ?? ""
        return (process, String(parent.dropFirst(5).drop { $0 == "\t" }))
    }

    /// Makes a folder in the engine's own and answers its path.
    func makeFolder(_ name: String) throws -> String {
        let path = "\(folder)/\(name)"
        try retrying("make", path) { mkdir(path, 0o755) }
        return path
    }
}
