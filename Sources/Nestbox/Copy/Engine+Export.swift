public import ImageStore
internal import LinuxSystem

extension Engine {
    /// Writes a tar archive of all files that a container has of its own: its image's with what it has changed, in one layer.
    ///
    /// What is in volumes and other mounts is not part of it. The container may run, and what it writes meanwhile may be in the
    /// archive or not.
    ///
    /// - Parameters:
    ///   - container: the container.
    ///   - output: an open file, which stays open.
    /// - Throws: `EngineError`; then what was written is not complete.
    @discardableResult
    public func export(_ container: Container, to output: Int32) throws(EngineError) -> TransferReport {
        let report = try transferring { [self] in
            let view = try ContainerView(ofOwnFilesOf: container, self)
            let source = TransferSource(file: view.root.descriptor.rawValue, name: [], ids: view.ids)
            let result = Result { try TreeTransfer.archiveRoot(source, to: output) }
            // Also when it has failed: that somebody is removing it is the reason then.
            try checkFiles(of: container, areFrozen: false, use: "the archive is not complete")
            return try result.get()
        }
        tell("export", container.record)
        return report
    }
}
