internal import LinuxSystem
internal import OCISpec

/// What `create` writes down of a container, the file `state.json`.
///
/// It says what was made, never how far it is by now: that is read from what is there.
struct RuntimeRecord: JSONCodable, Hashable {
    var id: String
    /// The version of the specification that the bundle was written for.
    var ociVersion: String
    var bundle: String
    var rootfs: String
    var created: String
    var annotations: [String: String]
    /// Below the root of every hierarchy; nil: the container has no cgroup of its own.
    var cgroupPath: String?
    /// Whoever makes the container.
    var creator: ProcessIdentity
    /// The container's process, once it waits for its start.
    var process: ProcessIdentity?
    /// What the steps after the start do, by their places in the list; for the text of a failure.
    var lateSteps: [String]
    var firstLateStep: Int
    /// The program's name, likewise.
    var program: String
    /// What the process's standard streams are, as the links in /proc say it; empty: its own terminal.
    var streams: [String]

    init(
        id: String, ociVersion: String, bundle: String, rootfs: String, annotations: [String: String],
        cgroupPath: String?, creator: ProcessIdentity, program: String
    ) {
        self.id = id
        self.ociVersion = ociVersion
        self.bundle = bundle
        self.rootfs = rootfs
        self.created = WallClock.now().description
        self.annotations = annotations
        self.cgroupPath = cgroupPath
        self.creator = creator
        self.program = program
        lateSteps = []
        firstLateStep = 0
        streams = []
    }

    init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        id = try object.required("id")
        ociVersion = try object.required("ociVersion")
        bundle = try object.required("bundle")
        rootfs = try object.required("rootfs")
        created = try object.required("created")
        annotations = try object.optional("annotations") ?? [:]
        cgroupPath = try object.optional("cgroupPath")
        creator = try object.required("creator")
        process = try object.optional("process")
        lateSteps = try object.optional("lateSteps") ?? []
        firstLateStep = try object.optional("firstLateStep") ?? 0
        program = try object.required("program")
        streams = try object.optional("streams") ?? []
    }

    var json: JSONValue {
        var object = JSONObject()
        object.set("id", to: id)
        object.set("ociVersion", to: ociVersion)
        object.set("bundle", to: bundle)
        object.set("rootfs", to: rootfs)
        object.set("created", to: created)
        object.setUnlessEmpty("annotations", to: annotations)
        object.set("cgroupPath", to: cgroupPath)
        object.set("creator", to: creator)
        object.set("process", to: process)
        object.setUnlessEmpty("lateSteps", to: lateSteps)
        object.set("firstLateStep", to: firstLateStep, unless: 0)
        object.set("program", to: program)
        object.setUnlessEmpty("streams", to: streams)
        return .object(object)
    }
}

extension RuntimeRecord {
    /// Replaces the container's record.
    func write(to folder: ContainerFolder) throws(SystemError) {
        try AtomicFile.write(jsonBytes(), to: folder.recordPath)
    }

    /// The record of a container; nil when there is none of that name.
    ///
    /// - Throws: `LaunchError` when it cannot be read.
    static func read(_ folder: ContainerFolder) throws(LaunchError) -> RuntimeRecord? {
        let bytes: [UInt8]
        do throws(SystemError) {
            guard let read = try StoredFile.read(folder.recordPath) else { return nil }
            bytes = read
        } catch {
            throw LaunchError(error)
        }
        do throws(JSONError) {
            return try RuntimeRecord(jsonBytes: bytes)
        } catch {
            throw LaunchError("cannot read \(folder.recordPath): \(error); delete the container with --force")
        }
    }

    /// The state as hooks read it, without the pid, which stands between both parts.
    func hookState(_ status: ContainerStatus) -> (head: String, tail: String) {
        var head = JSONObject()
        head.set("ociVersion", to: RuntimeSpecification.version)
        head.set("id", to: id)
        head.set("status", to: status.rawValue)
        var tail = JSONObject()
        tail.set("bundle", to: bundle)
        tail.setUnlessEmpty("annotations", to: annotations)
        let first = String(decoding: JSONValue.object(head).serialized().dropLast(), as: UTF8.self)
        let second = String(decoding: JSONValue.object(tail).serialized().dropFirst(), as: UTF8.self)
        return ("\(first),\"pid\":", ",\(second)")
    }
}
