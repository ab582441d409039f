internal import Glibc
internal import OCISpec

/// Every place below an engine's root and run root.
///
/// The root holds what survives a reboot, the run root (a tmpfs) what does not. Both are 0700 and belong to the engine's
/// user: no container can influence a path in here, except inside `upper`, `work` and volumes.
struct EnginePaths: Sendable, Hashable {
    /// Absolute, normalised: no `.`, `..`, doubled or trailing slash.
    let root: String
    /// Absolute, normalised.
    let runRoot: String

    init(root: String, runRoot: String) {
        self.root = Self.normalised(root)
        self.runRoot = Self.normalised(runRoot)
    }

    var containers: String { root + "/containers" }
    /// Folders of containers that are gone, while their files are being freed.
    var removed: String { root + "/removed" }
    var names: String { root + "/names" }
    var idRanges: String { root + "/ids" }
    var projects: String { root + "/projects" }
    var tasks: String { root + "/tasks" }
    var securityGroups: String { root + "/security-groups" }
    var runTasks: String { runRoot + "/tasks" }
    var networks: String { root + "/networks" }
    var volumes: String { root + "/volumes" }
    /// The store's own; see `ImageStore`.
    var layers: String { root + "/layers" }
    /// Of this store alone: another engine may have the same run root.
    var layerMounts: String { runRoot + "/layers/" + identifier }
    var runContainers: String { runRoot + "/containers" }
    var seccompCache: String { root + "/seccomp" }
    var mountPoints: String { root + "/mountpoints" }

    func container(_ id: String) -> ContainerPaths {
        ContainerPaths(folder: containers + "/" + id, runFolder: runContainers + "/" + id)
    }

    func volume(_ name: String) -> String { volumes + "/" + name }
    func volumeData(_ name: String) -> String { volumes + "/" + name + "/_data" }
    func volumeRecord(_ name: String) -> String { volumes + "/" + name + "/volume.json" }
    /// Is there until the first container uses the volume.
    func volumeUnused(_ name: String) -> String { volumes + "/" + name + "/unused" }
    /// Its files while they are being put there, or removed.
    func volumeUnfinished(_ name: String) -> String { volumes + "/" + name + "/unfinished" }

    /// What happens is written down here.
    var events: String { runRoot + "/events" }

    /// The engine's folder below each cgroup hierarchy's root: engines with different roots never meet there.
    var cgroupFolder: String { "nestbox-" + identifier }

    /// What the kernel's objects of this engine are told apart by from those of engines with other roots: eight digits.
    var identifier: String {
        // FNV-1a, 32 bits: stable over releases, and container ids below keep even colliding roots apart.
        var hash: UInt32 = 2_166_136_261
        for byte in root.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// `path` made absolute and rid of `.`, `..` and surplus slashes, without looking at the file system.
    static func normalised(_ path: String) -> String {
        var full = path
        if !path.begins(with: "/") {
            var buffer = [CChar](repeating: 0, count: 4096)
            if let folder = getcwd(&buffer, buffer.count) { full = String(cString: folder) + "/" + path }
        }
        return "/" + full.cleanedComponents.joined(separator: "/")
    }
}

/// The places of one container.
struct ContainerPaths: Sendable, Hashable {
    /// `<root>/containers/<id>`; a descriptor of it carries the container's lock.
    let folder: String
    /// `<run-root>/containers/<id>`.
    let runFolder: String

    var record: String { folder + "/" + Self.recordName }
    var state: String { folder + "/state.json" }
    var upper: String { folder + "/upper" }
    var work: String { folder + "/work" }
    var log: String { folder + "/log.json" }
    /// Its places on networks, once they have changed.
    var endpoints: String { folder + "/networks.json" }
    var hostname: String { folder + "/hostname" }
    var hosts: String { folder + "/hosts" }
    var resolv: String { folder + "/resolv.conf" }
    /// Is there from the moment that its removal has begun, the second with its anonymous volumes.
    var removing: String { folder + "/removing" }
    var removingVolumes: String { folder + "/removing-volumes" }
    /// Is there once somebody has stopped it, until somebody starts it again.
    var stopped: String { folder + "/stopped" }
    /// Is there while it is being renamed: both names.
    var renaming: String { folder + "/renaming" }
    /// What the container has of the host's network right now.
    var networkState: String { runFolder + "/network.json" }
    /// What its supervisor tells the kernel at its end.
    var farewell: String { runFolder + "/farewell" }
    /// What its supervisor looks at when the container has ended (`LaunchRequest`).
    var restartPolicy: String { runFolder + "/restart-policy" }
    var restartDemand: String { runFolder + "/restart" }
    /// What is said of it with every event, a JSON object.
    var eventAttributes: String { runFolder + "/event.json" }
    /// How its health is.
    var health: String { folder + "/health.json" }
    var limits: String { runFolder + "/limits.json" }
    /// Is there while a commit keeps the container frozen, which holds a lock on it.
    var commitMark: String { runFolder + "/committing" }
    var attachSocket: String { runFolder + "/attach.sock" }

    /// A link to the folder of names, through which the supervisor of a `--rm` container removes its name.
    var nameDoor: String { runFolder + "/names" }

    /// Where its name goes first when it removes itself: freeing a link takes a disk as long as freeing a file.
    var releasedName: String { folder + "/name" }

    /// Where its lease of a project goes first when it removes itself.
    var releasedProject: String { folder + "/project" }

    static let recordName = "container.json"
}
