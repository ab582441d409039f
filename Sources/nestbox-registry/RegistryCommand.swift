internal import Glibc
internal import ImageStore
internal import LinuxSystem
internal import Nestbox
internal import OCISpec
internal import NestboxRegistry

/// Carries out what `nestbox` asks of registries.
struct RegistryCommand {
    let request: RegistryRequest
    let client: RegistryClient
    let output: Output

    /// Carries out a command line: one request in JSON.
    ///
    /// - Returns: the program's exit code.
    static func run(_ arguments: [String]) -> Int32 {
        if arguments == ["--version"] {
            do throws(SystemError) {
                try Output(descriptor: STDOUT_FILENO).line("nestbox-registry version \(Engine.version)")
                return 0
            } catch {
                return 1
            }
        }
        guard arguments.count == 1, let request = try? RegistryRequest(jsonBytes: Array(arguments[0].utf8)) else {
            Output.notice(
                "use nestbox-registry through nestbox: pull, push, login, logout, manifest inspect, search-tags")
            return 125
        }
        do {
            let settings = try RegistrySettings(path: request.settings)
            let client = RegistryClient(settings: settings, notice: Output.notice)
            defer { client.shutdown() }
            let output = Output(descriptor: request.usesStandardError ? STDERR_FILENO : STDOUT_FILENO)
            try RegistryCommand(request: request, client: client, output: output).run()
            return 0
        } catch let error as SystemError where error.errno == .brokenPipe {
            // Whoever read our output has enough.
            return 128 + SIGPIPE
        } catch {
            Output.notice(HumanText.printable("\(error)"))
            return 1
        }
    }

    private func run() throws {
        switch request.action {
        case .pull: try pull()
        case .push: try push()
        case .repair: try repair()
        case .login: try logIn()
        case .logout: try logOut()
        case .inspectManifest:
            let manifest = try client.manifest(of: ImageReference(request.name))
            let json = try JSONValue(parsing: manifest.bytes, limits: JSONLimits(bytes: max(manifest.bytes.count, 1)))
            try output.line(String(decoding: json.serialized(pretty: true), as: UTF8.self))
        case .listTags:
            let tags = try client.tags(of: ImageReference(request.name), limit: request.limit ?? .max)
            try output.write(tags.map { HumanText.printable($0) + "\n" }.joined())
        }
    }

    private func engine() throws -> Engine {
        try Engine(configuration: EngineConfiguration(root: request.root, runRoot: request.runRoot))
    }

    // MARK: - Images

    private func pull() throws {
        let engine = try engine()
        let reference = try ImageReference(request.name)
        let platform = try request.platform.map { try Platform($0) }
        guard request.allTags else { return try pull(reference, platform, engine) }
        for tag in try client.tags(of: reference) { try pull(reference.tagged(tag), platform, engine) }
    }

    private func pull(_ reference: ImageReference, _ platform: Platform?, _ engine: Engine) throws {
        if !request.isQuiet, !request.allTags, reference.digest == nil, reference.tag == ImageReference.defaultTag,
            !request.name.hasSuffix(":\(ImageReference.defaultTag)")
        {
            try output.line("Using default tag: \(ImageReference.defaultTag)")
        }
        let display = ProgressDisplay(output, .pull, isQuiet: request.isQuiet)
        let version = reference.digest?.description ?? reference.tag ?? ""
        let pulled = try client.pull(
            reference, into: engine.images, platform: platform,
            begins: { if !request.isQuiet { try? output.line("\(version): Pulling from \(reference.path)") } },
            observe: display.update)
        engine.tellPulled(pulled.image, as: reference)
        if !request.isQuiet {
            try output.line("Digest: \(pulled.digest)")
            let status = pulled.isNew ? "Downloaded newer image for" : "Image is up to date for"
            try output.line("Status: \(status) \(reference.familiar)")
        }
        try output.line(reference.description)
    }

    private func push() throws {
        let engine = try engine()
        let reference = try ImageReference(request.name)
        if !request.isQuiet { try output.line("The push refers to repository [\(reference.name)]") }
        guard request.allTags else { return try push(reference, engine) }
        let all = try engine.images.images().flatMap(\.references).filter {
            $0.name == reference.name && $0.digest == nil
        }
        guard !all.isEmpty else { throw ImageStoreError.noImage(request.name) }
        for reference in all.sorted(by: { $0.description < $1.description }) { try push(reference, engine) }
    }

    private func push(_ reference: ImageReference, _ engine: Engine) throws {
        if !request.isQuiet, !request.allTags, reference.digest == nil, reference.tag == ImageReference.defaultTag,
            !request.name.hasSuffix(":\(ImageReference.defaultTag)")
        {
            try output.line("Using default tag: \(ImageReference.defaultTag)")
        }
        let display = ProgressDisplay(output, .push, isQuiet: request.isQuiet)
        let image = try engine.images.image(named: reference.description)
        let pushed = try client.push(reference, from: engine.images, observe: display.update)
        engine.tellPushed(image, as: reference)
        if request.isQuiet {
            try output.line(reference.description)
        } else {
            try output.line("\(reference.tag ?? ""): digest: \(pushed.digest) size: \(pushed.size)")
        }
    }

    /// Fetches content that the store has lost or damaged, and says of what cannot be had why that is so.
    private func repair() throws {
        let engine = try engine()
        for origin in request.origins {
            do {
                try client.fetch(origin, into: engine.images)
            } catch {
                Output.notice("cannot fetch \(origin.digest): \(HumanText.printable("\(error)"))")
            }
        }
    }

    // MARK: - Users

    private func logIn() throws {
        let registry = RegistryHost(request.name)
        var username = request.username ?? ""
        if username.isEmpty {
            let known = try client.knownUser(of: registry) ?? ""
            username = try Prompt.line(known.isEmpty ? "Username: " : "Username (\(known)): ")
            if username.isEmpty { username = known }
        }
        guard !username.isEmpty else { throw RegistryError.request("a user name is needed; give --username") }
        let password =
            if let password = request.password {
                password
            } else if request.readsPassword {
                try Prompt.passwordFromInput()
            } else {
                try Prompt.secret("Password: ")
            }
        guard !password.isEmpty else { throw RegistryError.request("a password is needed; give --password-stdin") }
        let isReadable = try client.logIn(to: registry, username: username, password: password)
        if isReadable {
            Output.notice(
                "the password is stored unencrypted in \(client.credentialFile); a credential helper would not do so")
        }
        try output.line("Login Succeeded")
    }

    private func logOut() throws {
        let registry = RegistryHost(request.name)
        try output.line("Removing login credentials for \(registry.credentialKey)")
        guard try client.logOut(of: registry) else {
            return Output.notice("not logged in to \(registry.credentialKey)")
        }
    }
}
