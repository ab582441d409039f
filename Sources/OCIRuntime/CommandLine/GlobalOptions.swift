internal import OCISpec

/// The options in front of the command.
struct GlobalOptions {
    /// The folder of the containers' folders.
    var root = "/run/nestbox-runtime"
    var log = RuntimeLog()
    var cgroupManager = CgroupManager.cgroupfs
    /// Where criu is; nil: the PATH says it.
    var criu: String?

    private static let known: [Option] = [
        .value("root"), .value("log"), .value("log-format"), .value("log-level"), .flag("debug"),
        .refused("systemd-cgroup", "this runtime makes cgroups itself; configure your engine for the cgroupfs driver"),
        .value("cgroup-manager"), .value("rootless"), .value("criu"), .flag("version", "v"), .flag("help", "h"),
    ]

    /// Reads them; what is behind them is left in `arguments`.
    ///
    /// - Throws: `LaunchError`. The log is open by then if it was named before what is wrong.
    mutating func read(_ arguments: inout ArraySlice<String>) throws(LaunchError) -> Options {
        // The log at once: the error of the next option belongs there, too.
        let options = try Options(arguments, Self.known, stopsAtOperand: true) { log.read($0) }
        arguments = options.rest
        if let path = options["root"] { root = path.begins(with: "/") ? path : "\(Bundle.absolute("."))/\(path)" }
        if let format = options["log-format"], format != "text", format != "json" {
            throw LaunchError("invalid log-format: \(format); use text or json")
        }
        criu = options["criu"].flatMap { $0.isEmpty ? nil : $0 }
        log.isVerbose = options.has("debug")
        if let manager = options["cgroup-manager"] {
            guard let known = CgroupManager(rawValue: manager) else {
                throw LaunchError("cannot use --cgroup-manager=\(manager): use cgroupfs or disabled")
            }
            cgroupManager = known
        }
        return options
    }
}
