internal import ContainerNetwork
internal import Glibc
public import ImageStore
internal import LinuxSystem
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
            guard let lock = try lock(container.id),
                let current = try repair(paths.container(container.id))
            else { throw EngineError.noSuchContainer(container.name) }
            // One that does not run is neither started nor removed meanwhile.
            let hold = current.isRunning ? nil : lock
            defer { hold?.hold() }
            let upper = try FileDescriptor.open(
                paths.container(current.id).upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            let ids = current.idRange.map { IDShift(first: $0.firstID, count: $0.count) } ?? .none
            let pause = options.pauses ? try CommitPause.begin(current, self) : nil
            defer { try? pause?.end() }
            return try images.commit(
                CommitSource(upper: upper.rawValue, ids: ids, parent: try Digest(current.imageID)),
                reference: options.reference, goesOn: { try pause?.check() }, whenRead: { try pause?.end() },
                configure: { configuration, isEmptyLayer in
                    current.configure(&configuration, options, isEmptyLayer: isEmptyLayer)
                })
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
        config.labels = labels
        let ports = configuration.ports.map { "\($0.containerPort)/\($0.transport.rawValue)" }
        config.exposedPorts = Set(config.exposedPorts + configuration.exposed + ports).sorted()
        let anonymous = configuration.mounts.filter { $0.kind == .volume && $0.source == nil }.map(\.target)
        config.volumes = Set(config.volumes + anonymous).sorted()
    }
}
