internal import LinuxSystem

/// Which container has which project id, by which the file system counts what its layer takes: one symlink each,
/// `projects/<number>` → container id.
struct ProjectLeases: Sendable {
    let table: LinkTable
    /// The project id with the number 0.
    let first: UInt32

    /// How many containers of an engine can have one.
    static let available: UInt32 = 65_536

    init(paths: EnginePaths) {
        table = LinkTable(folder: paths.projects, owners: [paths.containers, paths.removed])
        // From 0x40000000 (1,073,741,824), far above what people write into /etc/projid and what Kubernetes counts up from
        // (1,048,577), to 0x6fffffff. Engines with other roots on the same file system begin elsewhere.
        let block = (UInt32(paths.identifier, radix: 16) ?? 0) % 0x3000
        first = 0x4000_0000 + block * Self.available
    }

    /// Leases a project id to a container whose folder exists.
    ///
    /// The lowest that is free: a file system keeps a record of every project that ever had a limit, and so they stay few.
    ///
    /// - Parameter isUsed: whether files belong to the project. They may be somebody else's, or those of a container that is gone
    ///   but for a file that is still open.
    /// - Throws: `EngineError.failure` when every id is leased.
    func lease(to container: String, unless isUsed: (UInt32) throws -> Bool) throws -> UInt32 {
        for number in 0..<Self.available {
            guard try table.claim(String(number), for: container) == .claimed else { continue }
            do {
                if try !isUsed(first + number) { return first + number }
            } catch {
                try? table.release(String(number), of: container)
                throw error
            }
            try table.release(String(number), of: container)
        }
        throw EngineError.failure(
            "cannot limit the size of a container's layer: all \(Self.available) project ids are in use; remove containers "
                + "that have a size")
    }

    /// Gives a project id back, if the container still has it.
    func release(_ project: UInt32, of container: String) throws(SystemError) {
        try table.release(String(project &- first), of: container)
    }

    /// Gives back whatever the container has.
    func releaseAll(of container: String) throws(SystemError) {
        try table.releaseAll(of: container)
    }

    /// The lease's path, for the supervisor of a `--rm` container.
    func path(of project: UInt32) -> String { table.folder + "/\(project &- first)" }
}
