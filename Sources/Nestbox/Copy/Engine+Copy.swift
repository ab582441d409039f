internal import Glibc
public import ImageStore
internal import LinuxSystem

/// How files are copied.
public struct CopyOptions: Sendable, Hashable {
    /// Whether files keep their owners: the container's ids on both sides, as numbers.
    ///
    /// Otherwise they belong to the container's root, or on the host to the caller.
    public var keepsOwners: Bool
    /// Whether a source that is a symbolic link is replaced by what it leads to.
    public var followsLink: Bool

    /// Options.
    public init(keepsOwners: Bool = false, followsLink: Bool = false) {
        self.keepsOwners = keepsOwners
        self.followsLink = followsLink
    }
}

/// Files in and out of containers, by the rules of `docker cp`.
///
/// The container may be running and is not trusted (CVE-2018-15664): it may exchange what is being copied for links or devices at
/// any moment. All that it can influence is opened from the descriptor of its root, and nothing of it is opened before it
/// was looked at. Files are written as the container's root, through the container's own mounts: what is read-only there is
/// read-only here.
extension Engine {
    /// Copies a file or folder of a container to the host.
    ///
    /// - Parameters:
    ///   - path: in the container; relative to its root.
    ///   - destination: on the host; relative to the working folder.
    ///   - container: the container.
    ///   - options: whose the copies are, and what links stand for.
    /// - Throws: `EngineError`.
    public func copy(
        _ path: String, of container: Container, to destination: String, options: CopyOptions = CopyOptions()
    ) throws(EngineError) -> TransferReport {
        try transferring { [self] in
            let host = try Self.host()
            let target = try CopyTarget(
                try Self.hostPath(destination), in: host, side: destination.escapedForMessage)
            let caller = FileMaker.caller
            let view = try ContainerView(of: container, self)
            let source = try Self.source(path, of: container, in: view, options)
            let name = try target.name(of: source)
            return try TreeTransfer.copy(
                TransferSource(file: source.file.rawValue, name: name, ids: view.ids),
                into: TransferDestination(
                    folder: target.folder.rawValue,
                    // A program that a container marked set-user-ID must not become one of the caller's.
                    rules: ExtractionRules(
                        owner: options.keepsOwners ? nil : caller, keepsPrivileges: options.keepsOwners)),
                here: .reading, elsewhereAs: caller)
        }
    }

    /// Copies a file or folder of the host into a container.
    ///
    /// - Parameters:
    ///   - source: on the host; relative to the working folder.
    ///   - path: in the container; relative to its root.
    ///   - container: the container.
    ///   - options: whose the copies are, and what links stand for.
    /// - Throws: `EngineError`.
    public func copy(
        _ source: String, to path: String, of container: Container, options: CopyOptions = CopyOptions()
    ) throws(EngineError) -> TransferReport {
        try transferring { [self] in
            let host = try Self.host()
            let item = try CopySource(
                try Self.hostPath(source), in: host, followsLink: options.followsLink, side: source.escapedForMessage)
            let caller = FileMaker.caller
            let view = try ContainerView(of: container, self)
            let target = try Self.target(path, of: container, in: view)
            let name = try target.name(of: item)
            return try TreeTransfer.copy(
                TransferSource(file: item.file.rawValue, name: name),
                into: TransferDestination(folder: target.folder.rawValue, rules: Self.rules(for: view, options)),
                here: .writing, elsewhereAs: caller)
        }
    }

    /// Writes a tar archive of a file or folder of a container, with the container's ids.
    ///
    /// - Parameters:
    ///   - path: in the container; relative to its root.
    ///   - output: an open file, which stays open.
    ///   - container: the container.
    ///   - options: whose the copies are, and what links stand for.
    /// - Throws: `EngineError`.
    public func archive(
        _ path: String, of container: Container, to output: Int32, options: CopyOptions = CopyOptions()
    ) throws(EngineError) -> TransferReport {
        try transferring { [self] in
            let view = try ContainerView(of: container, self)
            let source = try Self.source(path, of: container, in: view, options)
            // The contents of a folder are entries of "."; only there they have a name.
            let name = source.name.isEmpty ? Array(".".utf8) : source.name
            return try TreeTransfer.archive(
                TransferSource(file: source.file.rawValue, name: name, ids: view.ids), to: output)
        }
    }

    /// Makes the files of a tar archive, plain or inside gzip or zstd, in a folder of a container.
    ///
    /// - Parameters:
    ///   - input: an open file that the archive is read from; it stays open.
    ///   - path: a folder of the container; relative to its root.
    ///   - container: the container.
    ///   - options: whose the copies are, and what links stand for.
    /// - Throws: `EngineError`.
    public func extract(
        _ input: Int32, to path: String, of container: Container, options: CopyOptions = CopyOptions()
    ) throws(EngineError) -> TransferReport {
        try transferring { [self] in
            let view = try ContainerView(of: container, self)
            let target = try Self.target(path, of: container, in: view)
            try target.requireFolder()
            return try TreeTransfer.extract(
                input, name: "the archive",
                into: TransferDestination(folder: target.folder.rawValue, rules: Self.rules(for: view, options)))
        }
    }

    // MARK: - The two sides

    /// On a thread of its own: the container's side changes the thread's identity and mounts.
    func transferring(
        _ body: @escaping @Sendable () throws -> TransferReport
    ) throws(EngineError) -> TransferReport {
        try EngineError.wrapping { try TreeTransfer.onOwnThread(body) }
    }

    private static func host() throws(SystemError) -> RootDirectory { try RootDirectory(path: "/") }

    private static func hostPath(_ path: String) throws(SystemError) -> CopyPath {
        guard let folder = getcwd(nil, 0) else { throw SystemError("find", "the working folder", .current) }
        defer { free(folder) }
        return CopyPath(path, relativeTo: String(cString: folder))
    }

    private static func source(
        _ path: String, of container: Container, in view: borrowing ContainerView, _ options: CopyOptions
    ) throws -> CopySource {
        try CopySource(
            CopyPath("/" + path, relativeTo: "/"), in: view.root, followsLink: options.followsLink,
            side: "\(container.name):\(path.escapedForMessage)")
    }

    private static func target(
        _ path: String, of container: Container, in view: borrowing ContainerView
    ) throws -> CopyTarget {
        try CopyTarget(
            CopyPath("/" + path, relativeTo: "/"), in: view.root,
            side: "\(container.name):\(path.escapedForMessage)")
    }

    private static func rules(for view: borrowing ContainerView, _ options: CopyOptions) -> ExtractionRules {
        ExtractionRules(
            owner: options.keepsOwners ? nil : view.maker, ids: view.ids, keepsPrivileges: true)
    }
}
