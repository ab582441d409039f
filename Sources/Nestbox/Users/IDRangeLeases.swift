internal import LinuxSystem

/// Which container has which range of host ids: one symlink each, `ids/<number>` → container id.
struct IDRangeLeases: Sendable {
    let table: LinkTable

    init(paths: EnginePaths) {
        table = LinkTable(folder: paths.idRanges, owners: [paths.containers, paths.tasks, paths.removed])
    }

    /// Leases a range to a container whose folder exists.
    ///
    /// Probing starts at a number that the container's random id stands for, so with few containers the first probe succeeds,
    /// parallel creates do not meet, and a range just given up is not handed out again at once.
    /// - Throws: `EngineError.failure` when every range is leased.
    func lease(to container: String) throws -> IDRange {
        try lease(to: container, number: ContainerName.number(of: container))
    }

    /// Leases a range to a container or task whose folder exists.
    ///
    /// - Parameter number: where the search begins.
    /// - Throws: `EngineError.failure` when every range is leased.
    func lease(to container: String, number: UInt64) throws -> IDRange {
        let start = Int(number % UInt64(IDRange.available))
        for step in 0..<IDRange.available {
            let number = (start + step) % IDRange.available
            if try table.claim(String(number), for: container) == .claimed { return IDRange(number: number) }
        }
        throw EngineError.failure(
            "cannot lease user ids for a container: all \(IDRange.available) ranges are in use; remove containers, "
                + "or use --userns host")
    }

    /// Gives a range back, if the container still has it.
    func release(_ range: IDRange, of container: String) throws(SystemError) {
        try table.release(String(range.number), of: container)
    }

    /// Gives back whatever range the container has.
    func releaseAll(of container: String) throws(SystemError) {
        try table.releaseAll(of: container)
    }

    /// The lease's path, for the supervisor of a `--rm` container to remove.
    func path(of range: IDRange) -> String { table.folder + "/\(range.number)" }
}
