internal import LinuxSystem

extension Engine {
    /// What a container has changed of its image's files, by path; it may run.
    ///
    /// - Throws: `EngineError`.
    public func changes(of container: Container) throws(EngineError) -> [FileChange] {
        try EngineError.wrapping {
            let record = container.record
            let lower = try MountPointLayer.added(to: layerFolders(of: record), at: paths.mountPoints)
            return try LayerChanges.find(in: paths.container(record.id).upper, over: lower)
        }
    }
}
