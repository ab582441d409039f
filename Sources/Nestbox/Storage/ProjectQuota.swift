internal import CLinux
internal import Glibc
internal import LinuxSystem

/// The project quotas of the file system that a folder is on.
struct ProjectQuota: ~Copyable {
    private let folder: FileDescriptor
    private let path: String

    /// - Parameter path: a folder of the engine's own.
    init(of path: String) throws(SystemError) {
        self.path = path
        folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
    }

    /// Whether the file system keeps projects within their limits.
    ///
    /// It is asked itself: its kind says too little. ext4 counts without the mount option, and does not enforce.
    func isEnforced() throws(SystemError) -> Bool {
        try checked(nb_project_quota_is_enforced(folder.rawValue), "ask for the project quotas of", path) == 1
    }

    /// Whether any file belongs to the project.
    func isUsed(_ project: UInt32) throws(SystemError) -> Bool {
        var quota = nb_project_quota()
        try checked(nb_project_quota_get(folder.rawValue, project, &quota), "read the quota of project", "\(project)")
        return quota.files > 0 || quota.space > 0
    }

    /// Sets what the files of a project may take.
    ///
    /// - Parameter bytes: nil: all that there is.
    func setLimit(_ bytes: Int64?, of project: UInt32) throws(SystemError) {
        let limit = UInt64(clamping: bytes ?? 0)
        try checked(
            nb_project_quota_set_limit(folder.rawValue, project, limit), "set the quota of project", "\(project)")
    }

    /// Gives an empty folder to a project, and with it all that is ever made in it.
    static func assign(_ project: UInt32, to path: String) throws(SystemError) {
        let folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        try checked(nb_project_assign(folder.rawValue, project), "give to project \(project)", path)
    }
}
