internal import LinuxSystem
internal import OCISpec

/// Which system call filter a process gets.
struct SeccompChoice {
    /// The profile of the configuration.
    var profile: RuntimeSpecification.Linux.Seccomp?
    /// The built-in profile, made for the process's capabilities.
    var isDefault: Bool
    var capabilities: RuntimeSpecification.Process.Capabilities?
    var cache: String?

    /// The compiled filter; nil when there is none to load.
    func filter() throws(LaunchError) -> SeccompFilter? {
        let cache = SeccompCache(directory: cache)
        do throws(SeccompError) {
            if isDefault {
                let set = (try? CapabilitySet(names: capabilities?.bounding ?? [])) ?? .none
                return try cache.defaultFilter(capabilities: set)
            }
            guard let profile else { return nil }
            let filter = try cache.filter(for: profile)
            guard filter.needsListener, profile.listenerPath == nil else { return filter }
        } catch {
            throw LaunchError("\(error)")
        }
        // Without a listener every such call would fail with ENOSYS, which is not what the profile says.
        throw LaunchError(
            "cannot use the seccomp profile: it hands calls to a listener (SCMP_ACT_NOTIFY), and there is none; "
                + "give these calls another action")
    }
}
