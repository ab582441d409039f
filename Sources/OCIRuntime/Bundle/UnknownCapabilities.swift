internal import LinuxSystem
internal import OCISpec

/// Capabilities of another kernel: to be told of, no reason to fail (config.md "Linux Process").
enum UnknownCapabilities {
    /// Takes them out of the process's sets.
    ///
    /// - Returns: the warning; nil when there are none.
    static func remove(from process: inout RuntimeSpecification.Process) -> String? {
        guard var sets = process.capabilities else { return nil }
        var unknown: [String] = []
        let supported = CapabilitySet.supported()
        func filtered(_ names: [String]) -> [String] {
            names.filter { name in
                if let capability = try? Capability(name: name), supported.contains(capability) { return true }
                if !unknown.contains(name) { unknown.append(name) }
                return false
            }
        }
        let (bounding, knownBounding) = (sets.bounding, filtered(sets.bounding))
        // Most configurations name the same in every set.
        func known(_ names: [String]) -> [String] { names == bounding ? knownBounding : filtered(names) }
        sets.bounding = knownBounding
        sets.effective = known(sets.effective)
        sets.inheritable = known(sets.inheritable)
        sets.permitted = known(sets.permitted)
        sets.ambient = known(sets.ambient)
        process.capabilities = sets
        guard !unknown.isEmpty else { return nil }
        return "this kernel has no \(unknown.sorted().joined(separator: ", ")); the process goes without"
    }
}
