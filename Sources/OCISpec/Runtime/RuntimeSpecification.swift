/// A container's configuration as `config.json` of a bundle has it (OCI runtime-spec 1.3), without the parts for
/// other systems than Linux.
///
/// Members that are not in the specification are ignored.
public struct RuntimeSpecification: JSONCodable, Hashable {
    /// The version of the runtime-spec that these types describe.
    public static let version = "1.3.0"

    /// The version of the specification that the configuration was written for.
    public var ociVersion: String
    /// The container's process; nil: the container can be created but not started.
    public var process: Process?
    /// The root filesystem.
    public var root: Root?
    /// The host name in the container's UTS namespace.
    public var hostname: String?
    /// The NIS domain name in the container's UTS namespace.
    public var domainname: String?
    /// Mounts besides the root, made in this order.
    public var mounts: [Mount]
    /// Programs that run at points of the container's life.
    public var hooks: Hooks?
    /// Free text by name.
    public var annotations: [String: String]
    /// What only Linux has.
    public var linux: Linux?

    /// Makes the value from its members.
    public init(
        ociVersion: String = RuntimeSpecification.version, process: Process? = nil, root: Root? = nil,
        hostname: String? = nil, domainname: String? = nil, mounts: [Mount] = [], hooks: Hooks? = nil,
        annotations: [String: String] = [:], linux: Linux? = nil
    ) {
        self.ociVersion = ociVersion
        self.process = process
        self.root = root
        self.hostname = hostname
        self.domainname = domainname
        self.mounts = mounts
        self.hooks = hooks
        self.annotations = annotations
        self.linux = linux
    }
}

extension RuntimeSpecification {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        ociVersion = try object.required("ociVersion")
        process = try object.optional("process")
        root = try object.optional("root")
        hostname = try object.nonEmpty("hostname")
        domainname = try object.nonEmpty("domainname")
        mounts = try object.optional("mounts") ?? []
        hooks = try object.optional("hooks")
        annotations = try object.optional("annotations") ?? [:]
        linux = try object.optional("linux")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("ociVersion", to: ociVersion)
        object.set("process", to: process)
        object.set("root", to: root)
        object.set("hostname", to: hostname)
        object.set("domainname", to: domainname)
        object.setUnlessEmpty("mounts", to: mounts)
        object.set("hooks", to: hooks)
        object.setUnlessEmpty("annotations", to: annotations)
        object.set("linux", to: linux)
        return .object(object)
    }
}

extension RuntimeSpecification {
    /// The container's root filesystem.
    public struct Root: JSONCodable, Hashable {
        /// The folder, absolute or relative to the bundle.
        public var path: String
        /// Whether nothing can be written to it.
        public var readonly: Bool

        /// Makes the value from its members.
        public init(path: String, readonly: Bool = false) {
            self.path = path
            self.readonly = readonly
        }
    }
}

extension RuntimeSpecification.Root {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        path = try object.required("path")
        readonly = try object.optional("readonly") ?? false
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("path", to: path)
        object.set("readonly", to: readonly, unless: false)
        return .object(object)
    }
}

extension RuntimeSpecification {
    /// A mount in the container's mount namespace.
    public struct Mount: JSONCodable, Hashable {
        /// Where it is mounted, an absolute path in the container.
        public var destination: String
        /// The filesystem type; nil for bind mounts.
        public var type: String?
        /// A device, a name, or for bind mounts the path on the host.
        public var source: String?
        /// Options as in fstab, the runtime's own such as `rbind` and `rprivate` among them.
        public var options: [String]
        /// How the mount's user IDs are mapped; empty: not at all.
        public var uidMappings: [IDMapping]
        /// How the mount's group IDs are mapped; empty: not at all.
        public var gidMappings: [IDMapping]

        /// Makes the value from its members.
        public init(
            destination: String, type: String? = nil, source: String? = nil, options: [String] = [],
            uidMappings: [IDMapping] = [], gidMappings: [IDMapping] = []
        ) {
            self.destination = destination
            self.type = type
            self.source = source
            self.options = options
            self.uidMappings = uidMappings
            self.gidMappings = gidMappings
        }
    }
}

extension RuntimeSpecification.Mount {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        destination = try object.required("destination")
        type = try object.nonEmpty("type")
        source = try object.nonEmpty("source")
        options = try object.optional("options") ?? []
        uidMappings = try object.optional("uidMappings") ?? []
        gidMappings = try object.optional("gidMappings") ?? []
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("destination", to: destination)
        object.set("type", to: type)
        object.set("source", to: source)
        object.setUnlessEmpty("options", to: options)
        object.setUnlessEmpty("uidMappings", to: uidMappings)
        object.setUnlessEmpty("gidMappings", to: gidMappings)
        return .object(object)
    }
}

extension RuntimeSpecification {
    /// A range of user or group IDs of the container and the range of the host that it stands for.
    public struct IDMapping: JSONCodable, Hashable {
        /// The first ID in the container.
        public var containerID: UInt32
        /// The first ID on the host.
        public var hostID: UInt32
        /// How many IDs there are.
        public var size: UInt32

        /// Makes the value from its members.
        public init(containerID: UInt32, hostID: UInt32, size: UInt32) {
            self.containerID = containerID
            self.hostID = hostID
            self.size = size
        }
    }
}

extension RuntimeSpecification.IDMapping {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        containerID = try object.required("containerID")
        hostID = try object.required("hostID")
        size = try object.required("size")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("containerID", to: containerID)
        object.set("hostID", to: hostID)
        object.set("size", to: size)
        return .object(object)
    }
}
