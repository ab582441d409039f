internal import Glibc
internal import LinuxSystem
internal import Nestbox

/// Starts `nestbox-registry`.
enum RegistryProgram {
    /// Becomes the program: its exit code, its signals and its terminal are ours.
    ///
    /// - Throws: `EngineError`, `SystemError`; otherwise it does not return.
    static func become(_ request: RegistryRequest) throws -> Int32 {
        let command = try request.command()
        let argv = command.map { strdup($0) } + [nil]
        defer { for pointer in argv { free(pointer) } }
        execv(command[0], argv)
        throw SystemError("execute", command[0], .current)
    }

    /// Runs the program to its end, with standard error for all that it says.
    ///
    /// - Returns: its exit code, 128 + n for signal n.
    /// - Throws: `EngineError`, `SystemError`.
    static func run(_ request: RegistryRequest) throws -> Int32 {
        var request = request
        request.usesStandardError = true
        let command = try request.command()
        let argv = command.map { strdup($0) } + [nil]
        defer { for pointer in argv { free(pointer) } }
        // Signals that wait for the container here are to end the pull.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var child: pid_t = 0
        let result = posix_spawn(&child, command[0], nil, &attributes, argv, environ)
        guard result == 0 else { throw SystemError("execute", command[0], Errno(result)) }
        var status: Int32 = 0
        let process = child
        try retrying("wait for", command[0]) { waitpid(process, &status, 0) }
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + (status & 0x7F)
    }
}

/// When `run` and `create` pull their image.
enum PullPolicy: String {
    case always, missing, never
}

/// A pull that failed; the program that pulled has said why.
struct PullFailure: Error {
    var exitCode: Int32
}

/// Brings the image of a container that is about to be made.
struct ImagePull {
    private let options: ContainerOptions
    private let globals: GlobalOptions

    init(_ options: ContainerOptions, _ globals: GlobalOptions) {
        self.options = options
        self.globals = globals
    }

    /// Makes a container, after its image was pulled as the policy says: one that is there costs nothing.
    ///
    /// - Throws: `PullFailure`, and what `make` throws.
    func providing<Made: ~Copyable>(
        _ configuration: ContainerConfiguration, _ make: () throws(EngineError) -> Made
    ) throws -> Made {
        let policy = try options.pullPolicy()
        if policy == .always { try pull(configuration.image) }
        do throws(EngineError) {
            return try make()
        } catch {
            guard case .noSuchImage(let name) = error, policy == .missing else { throw error }
            if !options.quiet { StandardError.plain("Unable to find image '\(HumanText.printable(name))' locally") }
            try pull(name)
            return try make()
        }
    }

    private func pull(_ name: String) throws {
        var request = RegistryRequest(.pull, name, in: globals.configuration)
        request.platform = options.platform.flatMap { $0.isEmpty ? nil : $0 }
        request.isQuiet = options.quiet
        let status = try RegistryProgram.run(request)
        guard status == 0 else { throw PullFailure(exitCode: status > 128 ? status : 125) }
    }
}
