internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// A program `docker-credential-NAME` that keeps passwords (the protocol of docker-credential-helpers).
struct CredentialHelper: Sendable {
    /// What a helper calls the user of a token.
    private static let tokenUser = "<token>"
    private static let outputLimit = 1 << 20

    let name: String

    private var program: String { "docker-credential-\(name)" }

    /// How to log in to a server; nil where the helper does not know it.
    ///
    /// - Throws: `RegistryError.credentials`.
    func get(_ server: String) throws(RegistryError) -> DockerConfiguration.Login? {
        let (status, output) = try run("get", Array(server.utf8))
        let text = String(decoding: output, as: UTF8.self)
        guard status == 0 else {
            if text.contains("credentials not found") { return nil }
            throw fault(text)
        }
        guard let answer = try? JSONValue(parsing: output), let secret = answer["Secret"]?.stringValue else {
            throw .credentials(program, reason: "its answer is not what such a program answers")
        }
        let user = answer["Username"]?.stringValue ?? ""
        return user == Self.tokenUser
            ? DockerConfiguration.Login(username: "", password: "", identityToken: secret)
            : DockerConfiguration.Login(username: user, password: secret)
    }

    /// Hands over how to log in to a server.
    ///
    /// - Throws: `RegistryError.credentials`.
    func store(_ server: String, _ login: DockerConfiguration.Login) throws(RegistryError) {
        let entry: JSONValue = [
            "ServerURL": .string(server),
            "Username": .string(login.identityToken == nil ? login.username : Self.tokenUser),
            "Secret": .string(login.identityToken ?? login.password),
        ]
        let (status, output) = try run("store", entry.serialized())
        guard status == 0 else { throw fault(String(decoding: output, as: UTF8.self)) }
    }

    /// Has the helper forget a server.
    ///
    /// - Throws: `RegistryError.credentials`.
    func erase(_ server: String) throws(RegistryError) {
        let (status, output) = try run("erase", Array(server.utf8))
        let text = String(decoding: output, as: UTF8.self)
        guard status == 0 || text.contains("credentials not found") else { throw fault(text) }
    }

    private func fault(_ text: String) -> RegistryError {
        let line = text.split(separator: "\n").first.map(String.init) ?? "it failed without a word"
        return .credentials(program, reason: line.excerpt)
    }

    /// Runs the program; its standard error is ours.
    private func run(_ action: String, _ input: [UInt8]) throws(RegistryError) -> (status: Int32, output: [UInt8]) {
        guard !name.isEmpty,
            name.utf8.allSatisfy({ byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-_.".utf8.contains(byte)
            })
        else {
            throw .credentials(
                "Docker's configuration file", reason: "\(name.excerpt) is no name of a credential helper")
        }
        do {
            return try start(action, input)
        } catch {
            throw .credentials(
                program,
                reason: error.errno == .noSuchFile
                    ? "there is no such program in PATH; install it" : error.errno.meaning)
        }
    }

    private func start(_ action: String, _ input: [UInt8]) throws(SystemError) -> (status: Int32, output: [UInt8]) {
        let (inputEnd, ourInput) = try DescriptorPair.pipe().release()
        let (ourOutput, outputEnd) = try DescriptorPair.pipe().release()
        let writer = FileDescriptor(owning: ourInput)
        let reader = FileDescriptor(owning: ourOutput)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, inputEnd, 0)
        posix_spawn_file_actions_adddup2(&actions, outputEnd, 1)
        let argv = [strdup(program), strdup(action), nil]
        defer { for pointer in argv { free(pointer) } }
        var child: pid_t = 0
        let result = posix_spawnp(&child, program, &actions, nil, argv, environ)
        close(inputEnd)
        close(outputEnd)
        guard result == 0 else { throw SystemError("start", program, Errno(result)) }
        // What it does not read is its own affair; SIGPIPE is ignored.
        try? writer.writeAll(input)
        _ = consume writer
        let output = Result { try reader.readAll(limit: Self.outputLimit) }
        var status: Int32 = 0
        if case .failure = output { kill(child, SIGKILL) }
        while waitpid(child, &status, 0) < 0, Errno.current == .interrupted {}
        guard case .success(let bytes) = output else { throw SystemError("read", program, Errno(EFBIG)) }
        return (status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + (status & 0x7F), bytes)
    }
}
