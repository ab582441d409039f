internal import CLinux
internal import Glibc
internal import OCISpec

/// Cgroups below a container's own, for a process that joins it.
public struct SubCgroups: Sendable, Hashable {
    /// Paths below the cgroup by controller; under nil the one of every hierarchy.
    private let paths: [CgroupController?: String]

    /// Reads what runc's `exec --cgroup` takes: one path for every hierarchy, or `CONTROLLER[,CONTROLLER]:PATH` for each of some
    /// v1 hierarchies.
    ///
    /// - Throws: `CgroupError.invalidPath`.
    public init(_ arguments: [String]) throws(CgroupError) {
        var paths: [CgroupController?: String] = [:]
        for argument in arguments {
            let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let path = try Self.normal(String(parts[parts.count - 1]), argument)
            guard parts.count > 1 else {
                guard arguments.count == 1 else {
                    throw .invalidPath(argument, reason: "of several each needs its controllers: CONTROLLER:PATH")
                }
                paths[nil] = path
                continue
            }
            for name in parts[0].split(separator: ",", omittingEmptySubsequences: false) {
                guard let controller = CgroupController(rawValue: String(name)) else {
                    throw .invalidPath(argument, reason: "\"\(name)\" is no controller")
                }
                guard paths.updateValue(path, forKey: controller) == nil else {
                    throw .invalidPath(argument, reason: "\(name) is named twice")
                }
            }
        }
        self.paths = paths
    }

    /// Without the slashes at its ends; empty for the cgroup itself.
    private static func normal(_ path: String, _ argument: String) throws(CgroupError) -> String {
        let parts = path.pathComponents.filter { $0 != "." }
        // It must not lead out of the container's cgroup.
        guard !parts.contains(".."), !path.utf8.contains(0) else {
            throw .invalidPath(argument, reason: "\"..\" is not allowed in it")
        }
        return parts.joined(separator: "/")
    }

    /// The path in one tree: that of the hierarchy with `controllers`, or the unified one, which has none.
    ///
    /// - Throws: `CgroupError.invalidPath` when the controllers of a hierarchy are to go different ways.
    func path(in controllers: [CgroupController]) throws(CgroupError) -> String {
        if let path = paths[nil] { return path }
        let named = Set(controllers.compactMap { paths[$0] })
        guard named.count < 2 else {
            throw .invalidPath(
                named.sorted().joined(separator: ", "),
                reason: "\(controllers.map(\.rawValue).joined(separator: ",")) are one hierarchy and need one path")
        }
        return named.first ?? ""
    }

    /// The controllers that are named.
    var controllers: [CgroupController] { paths.keys.compactMap { $0 } }
}

extension Cgroup {
    /// Opens what a new process needs to enter sub-cgroups that exist.
    ///
    /// - Throws: `CgroupError.folder` naming the one that does not; `.invalidPath` for a controller that has no hierarchy here.
    public func openEntrance(below sub: SubCgroups) throws(CgroupError) -> CgroupEntrance {
        for controller in sub.controllers where layout.v1[controller] == nil {
            throw .invalidPath(
                controller.rawValue,
                reason: layout.isHybrid
                    ? "this machine has no hierarchy of that controller" : "cgroup v2 is one tree: name the path alone")
        }
        let unified = try openFolder(try sub.path(in: []), below: unifiedPath)
        var descriptors: [Int32] = []
        do throws(CgroupError) {
            for point in layout.v1MountPoints {
                let path = try sub.path(in: CgroupController.allCases.filter { layout.v1[$0] == point })
                let number = path.isEmpty ? try openTasks(in: point) : try openTasks(of: path, in: point)
                if let number { descriptors.append(number) }
            }
        } catch {
            for number in descriptors { _ = FileDescriptor(owning: number) }
            throw error
        }
        return CgroupEntrance(unified: unified, joinDescriptors: descriptors)
    }

    private func openFolder(_ path: String, below folder: String) throws(CgroupError) -> FileDescriptor {
        let whole = path.isEmpty ? folder : "\(folder)/\(path)"
        do throws(SystemError) {
            return try FileDescriptor.open(whole, NB_O_PATH | O_DIRECTORY | O_NOFOLLOW)
        } catch {
            throw .folder(operation: "open", folder: whole, errno: error.errno, hint: Self.missingHint(error.errno))
        }
    }

    /// Nil where the container has no group of its own: there is nothing below.
    private func openTasks(of path: String, in mountPoint: String) throws(CgroupError) -> Int32? {
        let folder = folderPath(in: mountPoint)
        guard folder.withCString({ access($0, F_OK) }) == 0 else { return nil }
        do throws(SystemError) {
            return try FileDescriptor.open("\(folder)/\(path)/tasks", O_WRONLY | O_NOFOLLOW).release()
        } catch {
            throw .folder(
                operation: "enter", folder: "\(folder)/\(path)", errno: error.errno,
                hint: Self.missingHint(error.errno))
        }
    }

    private static func missingHint(_ errno: Errno) -> String? {
        errno == .noSuchFile ? "the sub-cgroup must be there before" : nil
    }
}
