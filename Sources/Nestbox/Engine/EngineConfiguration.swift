internal import Glibc

/// Where an engine keeps its containers, and which runtime it starts them with.
public struct EngineConfiguration: Sendable, Hashable {
    /// What survives a reboot: images, containers, volumes.
    public var root: String
    /// What does not: sockets.
    ///
    /// Best on a tmpfs.
    public var runRoot: String
    /// The path of `nestbox-runtime`; nil: what the variable `NESTBOX_RUNTIME` says, beside the running executable, in
    /// `../libexec` from there, in PATH, or in `/usr/local/libexec` or `/usr/libexec`.
    public var runtime: String?

    /// The default places, or others; engines with different roots never meet.
    public init(root: String = "/var/lib/nestbox", runRoot: String = "/run/nestbox", runtime: String? = nil) {
        self.root = root
        self.runRoot = runRoot
        self.runtime = runtime
    }
}

extension EngineConfiguration {
    /// The default places, or those that the variables `NESTBOX_ROOT`, `NESTBOX_RUN_ROOT` and `NESTBOX_RUNTIME` name, as for the
    /// command line.
    public static var fromEnvironment: EngineConfiguration {
        var configuration = EngineConfiguration()
        if let root = variable("NESTBOX_ROOT") { configuration.root = root }
        if let runRoot = variable("NESTBOX_RUN_ROOT") { configuration.runRoot = runRoot }
        configuration.runtime = variable("NESTBOX_RUNTIME")
        return configuration
    }

    private static func variable(_ name: String) -> String? {
        guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { return nil }
        return value
    }
}
