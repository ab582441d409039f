internal import Glibc
internal import LinuxSystem

/// `create`: makes a container from a bundle; its process waits for `start`.
enum CreateCommand {
    /// What `create` and `run` know both.
    static let options: [Option] = [
        .value("bundle", "b"), .value("config", "f"), .value("console-socket"), .value("pidfd-socket"),
        .value("pid-file"),
        .value("preserve-fds"), .flag("no-new-keyring"), .flag("no-subreaper"),
        .refused("no-pivot", "without pivot_root(2) the host's root stays within reach of the container"),
    ]

    static let command = Subcommand(options: options, startsProcess: true) { options, global throws(LaunchError) in
        let maker = try ContainerMaker(makerOptions(options), global)
        let made = try maker.make(isDetached: true)
        for warning in made.warnings { global.log.warning(warning) }
        return 0
    }

    /// The options of the container.
    static func makerOptions(_ options: Options) throws(LaunchError) -> MakerOptions {
        MakerOptions(
            id: try options.containerID(), bundle: options["bundle"] ?? ".", configurationFile: options["config"],
            pidFile: options["pid-file"], consoleSocket: options["console-socket"],
            pidfdSocket: options["pidfd-socket"],
            preservedDescriptors: try InheritedDescriptors.count(options),
            hasOwnKeyring: !options.has("no-new-keyring"))
    }
}

/// Descriptors that the caller hands on to the container's program.
enum InheritedDescriptors {
    /// How many there are from 3 up: those of `--preserve-fds`, and systemd's of socket activation.
    static func count(_ options: Options) throws(LaunchError) -> Int32 {
        let asked = try options.number("preserve-fds", as: Int32.self) ?? 0
        let listening = isListener ? variable("LISTEN_FDS") ?? 0 : 0
        guard asked >= 0, listening >= 0, asked <= 4096, listening <= 4096 else {
            throw LaunchError("cannot keep \(asked) descriptors: use --preserve-fds with a number from 0 to 4096")
        }
        for number in 3..<(3 + asked + listening) where fcntl(number, F_GETFD) < 0 {
            throw LaunchError("cannot keep descriptor \(number): it is not open; use a smaller --preserve-fds")
        }
        return asked + listening
    }

    /// Whether systemd's descriptors are this process's (sd_listen_fds(3)): inherited variables are about the caller's.
    private static var isListener: Bool { variable("LISTEN_PID") == getpid() }

    private static func variable(_ name: String) -> Int32? {
        name.withCString { getenv($0) }.flatMap { Int32(String(cText: $0)) }
    }
}
