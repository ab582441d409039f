internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// From a running container to an image of criu's in a folder.
struct Checkpoint {
    private let container: FoundContainer
    private let options: CheckpointOptions
    private let log = "dump.log"

    private var id: String { container.record.id }

    init(_ container: FoundContainer, _ options: CheckpointOptions) {
        self.container = container
        self.options = options
    }

    /// Dumps the container, which has ended afterwards unless it was to be left running; on failure it runs on.
    ///
    /// - Throws: `LaunchError`.
    func make(with program: String?) throws(LaunchError) {
        let status = container.status()
        guard status == .running || status == .paused, let process = container.record.process else {
            throw LaunchError("container \(id) cannot be checkpointed in the \(status.rawValue) state")
        }
        let specification = try container.resolvedSpecification()
        let cgroup = try container.cgroup()
        try CheckpointCheck.check(specification, cgroup: cgroup)
        let criu = try CRIU(program)
        if options.isPreDump || options.parentPath != nil { try criu.requireMemoryTracking() }
        let images = try ImageFolder.make(options.imagePath)
        if let parent = options.parentPath { try images.checkParent(parent) }
        var request = try request(specification, process, cgroup, criu)
        request.imageFolder = images.descriptor.rawValue
        if !options.isPreDump {
            request.externalMounts = try ExternalMounts(specification).running(process.pid)
            let names = container.record.streams
            try StreamNames.write(names.isEmpty ? ["/dev/console", "/dev/console", "/dev/console"] : names, to: images)
        }
        let work = try ImageFolder.make(options.workPath ?? images.path)
        request.workFolder = work.descriptor.rawValue
        try dump(request, criu, logFolder: work, cgroup, status)
    }

    private func request(
        _ specification: RuntimeSpecification, _ process: ProcessIdentity, _ cgroup: Cgroup?, _ criu: CRIU
    ) throws(LaunchError) -> CRIUOptions {
        var request = options.criu
        request.process = process.pid
        request.root = container.record.rootfs
        request.logFile = log
        request.parentImage = options.parentPath
        request.tracksMemory = options.isPreDump || options.parentPath != nil
        request.configurationFile = CheckpointOptions.configurationFile(specification.annotations)
        request.externals = try CRIUNamespaces(specification.linux).externals()
        request.freezerCgroup = cgroup?.unifiedFolder
        request.networkLock = request.networkLock ?? criu.defaultNetworkLock
        return request
    }

    private func dump(
        _ request: CRIUOptions, _ criu: CRIU, logFolder: borrowing ImageFolder, _ cgroup: Cgroup?,
        _ status: ContainerStatus
    ) throws(LaunchError) {
        let kind: CRIURequest.Kind = options.isPreDump ? .preDump : .dump
        do throws(LaunchError) {
            let session = try CRIUSession(criu.program, streams: .null)
            let response = try session.send(CRIURequest(kind: kind, options: request))
            if !response.isSuccess { throw logFolder.failure(response, log: log) }
        } catch {
            // A criu that was killed leaves them frozen.
            if status == .running { try? cgroup?.thaw() }
            throw LaunchError("cannot checkpoint container \(id): \(error)")
        }
    }
}

extension ImageFolder {
    /// Why criu has failed, in its own words.
    borrowing func failure(_ response: CRIUResponse, log: String) -> LaunchError {
        var reason = response.errorMessage.map(Self.plainError) ?? complaint(in: log) ?? ""
        if reason.isEmpty, let errno = response.errno { reason = Errno(errno).meaning }
        return LaunchError("criu: \(reason.isEmpty ? "it says no reason" : reason) (more in \(path)/\(log))")
    }
}

extension FoundContainer {
    /// The configuration with absolute paths, as its bundle has it.
    ///
    /// - Throws: `LaunchError`.
    func resolvedSpecification() throws(LaunchError) -> RuntimeSpecification {
        var specification = try specification()
        specification.mounts = specification.mounts.map { Bundle.resolved($0, in: record.bundle) }
        return specification
    }
}
