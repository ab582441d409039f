import Glibc
import LinuxSystem
import OCISpec
import Testing

extension TestBundle {
    /// Gives `body` a bundle with an attacker's files in its root, and with the user namespace that is asked for.
    static func with(
        _ image: HostileImage, _ users: Users,
        sourceLocation: SourceLocation = #_sourceLocation, _ body: (TestBundle) throws -> Void
    ) throws {
        try with("true", sourceLocation: sourceLocation) { bundle in
            try bundle.unpack(image.layer)
            if users == .own { try bundle.giveUsers() }
            try body(bundle)
        }
    }

    /// The same in the host's user namespace.
    static func with(
        _ image: HostileImage, sourceLocation: SourceLocation = #_sourceLocation, _ body: (TestBundle) throws -> Void
    ) throws { try with(image, .host, sourceLocation: sourceLocation, body) }

    /// The same with busybox alone.
    static func with(
        _ users: Users, sourceLocation: SourceLocation = #_sourceLocation, _ body: (TestBundle) throws -> Void
    ) throws { try with(HostileImage { _ in }, users, sourceLocation: sourceLocation, body) }

    /// Puts an archive's entries over the root's files, a folder by a link among them.
    func unpack(_ layer: TarArchive) throws {
        let archive = "\(folder)/layer.tar"
        try FileDescriptor.open(archive, O_WRONLY | O_CREAT | O_TRUNC).writeAll(layer.bytes)
        let unpacked = try Command.run(
            ["tar", "--recursive-unlink", "-xpf", archive, "-C", "\(folder)/rootfs"])
        try #require(unpacked.status == 0, "\(unpacked)")
        if let map = configuration.linux?.uidMappings.first { try giveRoot(to: map.hostID) }
    }

    /// A user namespace of the container's own, whose root owns the files.
    private func giveUsers() throws {
        let map = [RuntimeSpecification.IDMapping(containerID: 0, hostID: 200_000, size: 65_536)]
        configuration.linux?.namespaces.append(.init(type: .user))
        configuration.linux?.uidMappings = map
        configuration.linux?.gidMappings = map
        try giveRoot(to: map[0].hostID)
    }

    private func giveRoot(to owner: UInt32) throws {
        let owned = try Command.run(["chown", "-hR", "\(owner):\(owner)", "\(folder)/rootfs"])
        try #require(owned.status == 0, "\(owned)")
    }

    /// Runs a shell script as the container's program.
    func script(_ text: String, _ options: String..., leaking descriptors: [Int32] = []) throws -> CommandResult {
        configuration.process?.args = ["sh", "-c", text]
        return try run(["run"] + options + ["box"], leaking: descriptors)
    }

    /// Runs a command whose arguments are a list.
    func run(
        _ arguments: [String], environment: [String: String] = [:], leaking descriptors: [Int32] = [], seconds: Int = 20
    ) throws -> CommandResult {
        try write()
        return try Command.run(
            command(arguments), environment: environment, seconds: seconds * TestEngine.patience, leaking: descriptors)
    }

    /// Runs a command in a shell that has opened the host's root as descriptor 3.
    func leakingRoot(_ arguments: [String], environment: [String: String] = [:]) throws -> CommandResult {
        try write()
        return try Command.run(
            ["sh", "-c", "exec 3< /; exec \"$@\"", "sh"] + command(arguments), environment: environment, seconds: 20)
    }

    /// A container `box` that stays until ``remove()``; nobody reads what it prints.
    func resident(_ script: String = "sleep 1000", command name: [String] = ["run", "-d"]) throws {
        configuration.process?.args = ["sh", "-c", script]
        try write()
        let output = "\(folder)/output"
        let started = try Command.run(
            ["sh", "-c", "exec \"$@\" < /dev/null > \(output) 2>&1", "sh"] + command(name + ["box"]), seconds: 20)
        let text = (try? TestEngine.read(output)) ?? ""
        try #require(started.status == 0, "\(started) \(text)")
    }

    /// What the resident has printed.
    func printed() throws -> String { try TestEngine.read("\(folder)/output") }

    /// Removes `box`, running or not.
    func remove(_ sourceLocation: SourceLocation = #_sourceLocation) throws {
        let removed = try run(["delete", "--force", "box"])
        #expect(removed.status == 0, "\(removed)", sourceLocation: sourceLocation)
    }

    /// Makes a folder beside the root and answers its path.
    func makeFolder(_ name: String) throws -> String {
        let path = "\(folder)/\(name)"
        try retrying("make", path) { mkdir(path, 0o755) }
        return path
    }

    /// Binds a file or folder of the host.
    func bind(_ source: String, _ target: String) {
        configuration.mounts.append(.init(destination: target, type: "bind", source: source, options: ["rbind"]))
    }

    /// Writes a text as the configuration, whatever it is, and runs the container.
    func run(configuration text: String) throws -> CommandResult {
        try TestRegistry.write(text, to: "\(folder)/config.json")
        return try Command.run(command(["run", "box"]), seconds: 20)
    }

    /// Runs the container with one member of a section in another form.
    func run(_ section: String, _ member: String, _ value: JSONValue) throws -> CommandResult {
        var document = try #require(configuration.json.objectValue)
        var object = try #require(document[section]?.objectValue)
        object[member] = value
        document[section] = .object(object)
        return try run(configuration: String(decoding: JSONValue.object(document).serialized(), as: UTF8.self))
    }
}
