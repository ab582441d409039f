internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// What Docker's configuration file, or the programs that it names, know of how to log in.
struct CredentialStore: Sendable {
    /// The file.
    let path: String

    private func read() throws(RegistryError) -> DockerConfiguration {
        do {
            return try DockerConfiguration(
                bytes: FileDescriptor.open(path, O_RDONLY | O_NOCTTY).readAll(limit: 4 << 20))
        } catch let error as SystemError {
            if error.errno == .noSuchFile || error.errno == .notDirectory { return DockerConfiguration() }
            throw .credentials(path, reason: error.errno.meaning)
        } catch {
            throw .credentials(path, reason: "\(error)")
        }
    }

    /// How to log in to a registry; nil where nothing is known.
    ///
    /// - Throws: `RegistryError.credentials`.
    func login(for registry: RegistryHost) throws(RegistryError) -> DockerConfiguration.Login? {
        let configuration = try read()
        if let helper = configuration.helper(for: registry),
            let login = try CredentialHelper(name: helper).get(registry.credentialKey)
        {
            return login
        }
        return configuration.login(for: registry)
    }

    /// Keeps how to log in.
    ///
    /// - Returns: whether the password now stands in the file, readable for whoever can read that.
    /// - Throws: `RegistryError.credentials`.
    func save(_ login: DockerConfiguration.Login, for registry: RegistryHost) throws(RegistryError) -> Bool {
        var configuration = try read()
        let helper = configuration.helper(for: registry)
        if let helper { try CredentialHelper(name: helper).store(registry.credentialKey, login) }
        configuration.set(helper == nil ? login : nil, for: registry)
        try write(configuration)
        return helper == nil
    }

    /// Forgets how to log in.
    ///
    /// - Returns: whether anything was known.
    /// - Throws: `RegistryError.credentials`.
    func remove(_ registry: RegistryHost) throws(RegistryError) -> Bool {
        var configuration = try read()
        let wasKnown = configuration.knows(registry)
        if let helper = configuration.helper(for: registry) {
            try CredentialHelper(name: helper).erase(registry.credentialKey)
        }
        guard wasKnown else { return false }
        configuration.remove(registry)
        try write(configuration)
        return true
    }

    private func write(_ configuration: DockerConfiguration) throws(RegistryError) {
        do {
            let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
            if !folder.isEmpty, mkdir(folder, 0o700) != 0, Errno.current != .exists {
                throw SystemError("create", folder, .current)
            }
            // A link stays one: what it points to is written.
            var target = path
            if let real = realpath(path, nil) {
                target = String(cString: real)
                free(real)
            }
            try AtomicFile.write(configuration.bytes, to: target, isFlushed: true)
        } catch {
            throw .credentials(path, reason: "\(error)")
        }
    }
}
