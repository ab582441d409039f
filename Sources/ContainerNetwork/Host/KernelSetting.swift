internal import Glibc
internal import LinuxSystem

/// A setting below /proc/sys of the calling thread's network namespace.
enum KernelSetting {
    /// Writes a setting; one that the kernel does not have (it was built without IPv6) is passed over.
    static func write(_ name: String, _ value: String) throws(SystemError) {
        do throws(SystemError) {
            try FileDescriptor.open("/proc/sys/" + name, O_WRONLY).writeAll(Array(value.utf8))
        } catch  where error.errno == .noSuchFile {
            return
        }
    }

    /// The setting without the end of its line; nil when there is none.
    static func read(_ name: String) throws(SystemError) -> String? {
        try StoredFile.readText("/proc/sys/" + name)?.split(separator: "\n").first.map(String.init)
    }
}
