internal import Glibc
internal import LinuxSystem

/// A layer below every image's own: the empty targets of the mounts that every container gets.
///
/// Most images lack one or another of them. Made in each container's upper layer, the three files in /etc cost more than any
/// other part of a start: overlayfs makes each in its work folder, moves it, and copies /etc up first.
enum MountPointLayer {
    private static let folders = ["dev", "etc", "proc", "sys"]
    private static let files = ["etc/resolv.conf", "etc/hostname", "etc/hosts"]

    /// `lower`, topmost first, with this layer below, unless overlayfs takes no more layers (500, `OVL_MAX_STACK`).
    ///
    /// - Parameters:
    ///   - lower: the folders of the image's layers.
    ///   - path: the folder of this layer, made when it is missing.
    static func added(to lower: [String], at path: String) throws(SystemError) -> [String] {
        guard lower.count < 500 else { return lower }
        // The last one is there: all of them are. After a crash, making goes on where it ended.
        if let last = files.last, !StoredFile.exists(path + "/" + last) { try make(at: path) }
        return lower + [path]
    }

    private static func make(at path: String) throws(SystemError) {
        for folder in [path] + folders.map({ path + "/" + $0 }) {
            try StoredFile.makeFolder(folder, mode: 0o755)
            // Containers see these modes: the umask of whoever came first must not decide them.
            try retrying("change the mode of", folder) { chmod(folder, 0o755) }
        }
        for file in files { try StoredFile.write(path + "/" + file, "", mode: 0o644) }
    }
}
