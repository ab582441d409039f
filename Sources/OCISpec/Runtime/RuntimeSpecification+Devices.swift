extension RuntimeSpecification.Linux {
    /// A device node in the container.
    public struct Device: JSONCodable, Hashable {
        /// Where it is, an absolute path in the container.
        public var path: String
        /// What it is.
        public var type: Kind
        /// The major number; a FIFO has none.
        public var major: Int64
        /// The minor number; a FIFO has none.
        public var minor: Int64
        /// The permission bits; nil: the runtime chooses.
        public var fileMode: UInt32?
        /// The owner in the container; nil: the runtime chooses.
        public var uid: UInt32?
        /// The group in the container; nil: the runtime chooses.
        public var gid: UInt32?

        /// Makes the value from its members.
        public init(
            path: String, type: Kind, major: Int64 = 0, minor: Int64 = 0, fileMode: UInt32? = nil, uid: UInt32? = nil,
            gid: UInt32? = nil
        ) {
            self.path = path
            self.type = type
            self.major = major
            self.minor = minor
            self.fileMode = fileMode
            self.uid = uid
            self.gid = gid
        }
    }
}

extension RuntimeSpecification.Linux.Device {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        path = try object.required("path")
        type = try object.required("type")
        major = try object.optional("major") ?? 0
        minor = try object.optional("minor") ?? 0
        fileMode = try object.optional("fileMode")
        uid = try object.optional("uid")
        gid = try object.optional("gid")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("path", to: path)
        object.set("type", to: type)
        object.set("major", to: major)
        object.set("minor", to: minor)
        object.set("fileMode", to: fileMode)
        object.set("uid", to: uid)
        object.set("gid", to: gid)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.Device {
    /// What a device node is.
    public enum Kind: String, JSONCodable, Hashable, CaseIterable {
        /// A block device.
        case block = "b"
        /// A character device.
        case character = "c"
        /// An unbuffered character device; the same to Linux.
        case unbufferedCharacter = "u"
        /// A named pipe.
        case fifo = "p"
    }
}

extension RuntimeSpecification.Linux.Resources {
    /// What the container may do with devices; a later rule overrides an earlier one.
    public struct DeviceRule: JSONCodable, Hashable {
        /// Whether the rule allows or forbids.
        public var allow: Bool
        /// Which devices.
        public var type: Kind
        /// The major number; nil or -1: every one.
        public var major: Int64?
        /// The minor number; nil or -1: every one.
        public var minor: Int64?
        /// A combination of `r`, `w` and `m` (make the node); nil: all three.
        public var access: String?

        /// Makes the value from its members.
        public init(allow: Bool, type: Kind = .all, major: Int64? = nil, minor: Int64? = nil, access: String? = nil) {
            self.allow = allow
            self.type = type
            self.major = major
            self.minor = minor
            self.access = access
        }
    }
}

extension RuntimeSpecification.Linux.Resources.DeviceRule {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        allow = try object.required("allow")
        type = try object.optional("type") ?? .all
        major = try object.optional("major")
        minor = try object.optional("minor")
        access = try object.nonEmpty("access")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("allow", to: allow)
        object.set("type", to: type, unless: .all)
        object.set("major", to: major)
        object.set("minor", to: minor)
        object.set("access", to: access)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.Resources.DeviceRule {
    /// Which devices a rule is about.
    public enum Kind: String, JSONCodable, Hashable, CaseIterable {
        /// All devices.
        case all = "a"
        /// Character devices.
        case character = "c"
        /// Block devices.
        case block = "b"
    }
}
