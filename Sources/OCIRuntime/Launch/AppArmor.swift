internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// The host's AppArmor.
enum AppArmor {
    /// Whether the kernel confines processes by it.
    static var isEnabled: Bool {
        guard let text = try? StoredFile.readText("/sys/module/apparmor/parameters/enabled") else {
            return false
        }
        return text.begins(with: "Y")
    }

    /// Where a process says which profile its next program gets, below `/proc/PID`: its own place, or on kernels before 5.8 the
    /// one that all security modules share.
    static var attribute: String {
        access("/proc/self/attr/apparmor/exec", F_OK) == 0 ? "attr/apparmor/exec" : "attr/exec"
    }
}
