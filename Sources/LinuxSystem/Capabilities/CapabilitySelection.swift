extension CapabilitySet {
    /// What a container gets for `--cap-add` and `--cap-drop`, by Docker's rules.
    ///
    /// `ALL` among the added: everything that the kernel has, but for the dropped ones. `ALL` among the dropped: nothing
    /// but the added ones. Otherwise the default set without the dropped ones, then the added ones. A name in both lists
    /// is added, except beside an added `ALL`.
    /// - Parameter privileged: `--privileged`, every capability whatever the lists say.
    /// - Throws: `CapabilityError` for a name that does not exist, in whichever list.
    public static func selected(
        adding: [String] = [], dropping: [String] = [], privileged: Bool = false,
        default base: CapabilitySet = .containerDefault
    ) throws(CapabilityError) -> CapabilitySet {
        let added = try parse(adding)
        let dropped = try parse(dropping)
        if privileged { return supported() }
        if added.all { return supported().union(added.named).subtracting(dropped.named) }
        if dropped.all { return added.named }
        return base.subtracting(dropped.named).union(added.named)
    }

    /// Splits a set by what this process may hand on.
    ///
    /// - Returns: what is within `bounding`, and what is not: the latter belongs into a warning.
    public func limited(
        to bounding: CapabilitySet = .bounding()
    ) -> (allowed: CapabilitySet, dropped: CapabilitySet) {
        (intersection(bounding), subtracting(bounding))
    }

    private static func parse(_ names: [String]) throws(CapabilityError) -> (all: Bool, named: CapabilitySet) {
        var result = (all: false, named: CapabilitySet.none)
        for name in names {
            let upper = name.uppercased()
            if upper == "ALL" || upper == "CAP_ALL" {
                result.all = true
            } else {
                result.named.insert(try Capability(name: name))
            }
        }
        return result
    }
}
