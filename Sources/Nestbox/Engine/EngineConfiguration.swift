/// Where an engine keeps its containers, and which runtime it starts them with.
public struct EngineConfiguration: Sendable, Hashable {
    /// What survives a reboot: images, containers, volumes.
    public var root: String
    /// What does not: sockets.
    ///
    /// Best on a tmpfs.
    public var runRoot: String
    /// The path of `nestbox-runtime`; nil: beside the running executable, then in PATH.
    public var runtime: String?

    /// The default places, or others; engines with different roots never meet.
    public init(root: String = "/var/lib/nestbox", runRoot: String = "/run/nestbox", runtime: String? = nil) {
        self.root = root
        self.runRoot = runRoot
        self.runtime = runtime
    }
}
