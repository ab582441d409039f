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
            return try cache.filter(for: profile)
        } catch {
            throw LaunchError("\(error)")
        }
    }
}
