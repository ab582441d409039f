internal import ContainerNetwork
internal import Glibc
public import ImageStore
internal import LinuxSystem
internal import OCIRuntime
public import OCISpec

/// What an image made from a container is called, and what its configuration says.
public struct CommitOptions: Sendable, Hashable {
    /// The image's name; nil: it is known by its id only.
    public var reference: ImageReference?
    /// Who made it; nil: whoever made the image below.
    public var author: String?
    /// What its history says.
    public var message: String?
    /// Changes to its configuration, in this order.
    public var changes: [ChangeInstruction]
    /// Whether the container's processes are stopped while its files are read.
    public var pauses: Bool

    /// Options.
    public init(
        reference: ImageReference? = nil, author: String? = nil, message: String? = nil,
        changes: [ChangeInstruction] = [], pauses: Bool = true
    ) {
        self.reference = reference
        self.author = author
        self.message = message
        self.changes = changes
        self.pauses = pauses
    }
}

extension Engine {
    /// Makes an image from a container: its image, the files that it has changed, and how it was asked to run.
    ///
    /// What is in volumes and other mounts is not part of it. The container may run.
    ///
    /// - Throws: `EngineError`.
    public func commit(_ container: Container, options: CommitOptions = CommitOptions()) throws(EngineError) -> Image {
        try EngineError.wrapping {
            var lock = try lock(container.id)
            guard lock != nil, let current = try repair(paths.container(container.id)) else {
                throw EngineError.noSuchContainer(container.name)
            }
            // One that does not run is neither started nor removed meanwhile; one that runs may be.
            if current.isRunning { lock = nil }
            defer { lock?.hold() }
            let upper = try FileDescriptor.open(
                paths.container(current.id).upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            let ids = current.idRange.map { IDShift(first: $0.firstID, count: $0.count) } ?? .none
            let pause = options.pauses ? try CommitPause.begin(current, self) : nil
            defer { try? pause?.end() }
            let image: Image
            do {
                image = try images.commit(
                    CommitSource(upper: upper.rawValue, ids: ids, parent: try Digest(current.imageID)),
                    reference: options.reference, goesOn: { try pause?.check() },
                    whenRead: {
                        try checkFiles(of: current, areFrozen: pause != nil, use: "no image was made")
                        try pause?.end()
                    },
                    configure: { configuration, isEmptyLayer in
                        current.configure(&configuration, options, isEmptyLayer: isEmptyLayer)
                    })
            } catch {
                // What cannot be read because it is being removed is told of as that.
                try checkFiles(of: current, areFrozen: false, use: "no image was made")
                throw error
            }
            tell(
                "commit", current.record,
                [
                    ("comment", options.message ?? ""), ("imageID", image.id.description),
                    ("imageRef", options.reference?.familiar ?? ""),
                ])
            return image
        }
    }

    /// Refuses what was read of a container's files while somebody removed them or, where they were to hold still, changed them.
    ///
    /// A removal takes the record away before the first file: with the record there, all files were.
    /// - Parameters:
    ///   - container: the container as it was before its files were read.
    ///   - areFrozen: its processes were to stand still all the time.
    ///   - use: what has become of it, for the error.
    func checkFiles(of container: Container, areFrozen: Bool, use: String) throws {
        let doing = "while its files were being read; \(use)"
        guard StoredFile.exists(paths.container(container.id).record) else {
            throw EngineError.failure("container \(container.name) was removed \(doing)")
        }
        guard areFrozen else { return }
        let now = try examine(container.id)
        guard now?.state.process == container.state.process, now?.isPaused == true else {
            throw EngineError.failure(
                "container \(container.name) was stopped, or let run on, \(doing); try again, or use --pause=false")
        }
    }
}

extension Container {
    /// The image's configuration with what was asked for over it, and a line of history.
    fileprivate func configure(
        _ image: inout ImageConfiguration, _ options: CommitOptions, isEmptyLayer: Bool
    ) {
        var config = image.config ?? ImageConfiguration.Config()
        apply(to: &config)
        let command = config.cmd.joined(separator: " ")
        for change in options.changes { change.apply(to: &config) }
        image.config = config
        image.created = try? Timestamp(Timestamp.nowText())
        if let author = options.author, !author.isEmpty { image.author = author }
        image.history.append(
            ImageConfiguration.History(
                created: image.created, createdBy: command.isEmpty ? nil : command, author: options.author,
                comment: options.message, emptyLayer: isEmptyLayer))
    }

    private func apply(to config: inout ImageConfiguration.Config) {
        var environment = EnvironmentList(config.env)
        for entry in configuration.environment { environment.apply(entry) }
        config.env = environment.entries
        // As at a start: a given entrypoint drops the image's command.
        if let entrypoint = configuration.entrypoint {
            config.entrypoint = entrypoint
            config.cmd = configuration.command
        } else if !configuration.command.isEmpty {
            config.cmd = configuration.command
        }
        if let user = configuration.user { config.user = user }
        if let folder = configuration.workingDirectory { config.workingDir = folder }
        if let signal = configuration.stopSignal { config.stopSignal = signal }
        if let health = configuration.health { config.healthcheck = health.merged(with: config.healthcheck) }
        config.labels = labels
        let ports = configuration.ports.map { "\($0.containerPort)/\($0.transport.rawValue)" }
        config.exposedPorts = Set(config.exposedPorts + configuration.exposed + ports).sorted()
        let anonymous = configuration.mounts.filter { $0.kind == .volume && $0.source == nil }.map(\.target)
        config.volumes = Set(config.volumes + anonymous).sorted()
    }
}
