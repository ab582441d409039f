extension RuntimeSpecification.Linux.Resources {
    /// Limits of block devices.
    public struct BlockIO: JSONCodable, Hashable {
        /// The weight against other cgroups, from 10 to 1000.
        public var weight: UInt16?
        /// The same against child cgroups, for the old CFQ scheduler.
        public var leafWeight: UInt16?
        /// Weights by device.
        public var weightDevice: [WeightDevice]
        /// Bytes read in a second, by device.
        public var throttleReadBpsDevice: [ThrottleDevice]
        /// Bytes written in a second, by device.
        public var throttleWriteBpsDevice: [ThrottleDevice]
        /// Reads in a second, by device.
        public var throttleReadIOPSDevice: [ThrottleDevice]
        /// Writes in a second, by device.
        public var throttleWriteIOPSDevice: [ThrottleDevice]

        /// Makes the value from its members.
        public init(
            weight: UInt16? = nil, leafWeight: UInt16? = nil, weightDevice: [WeightDevice] = [],
            throttleReadBpsDevice: [ThrottleDevice] = [], throttleWriteBpsDevice: [ThrottleDevice] = [],
            throttleReadIOPSDevice: [ThrottleDevice] = [], throttleWriteIOPSDevice: [ThrottleDevice] = []
        ) {
            self.weight = weight
            self.leafWeight = leafWeight
            self.weightDevice = weightDevice
            self.throttleReadBpsDevice = throttleReadBpsDevice
            self.throttleWriteBpsDevice = throttleWriteBpsDevice
            self.throttleReadIOPSDevice = throttleReadIOPSDevice
            self.throttleWriteIOPSDevice = throttleWriteIOPSDevice
        }
    }
}

extension RuntimeSpecification.Linux.Resources.BlockIO {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        weight = try object.optional("weight")
        leafWeight = try object.optional("leafWeight")
        weightDevice = try object.optional("weightDevice") ?? []
        throttleReadBpsDevice = try object.optional("throttleReadBpsDevice") ?? []
        throttleWriteBpsDevice = try object.optional("throttleWriteBpsDevice") ?? []
        throttleReadIOPSDevice = try object.optional("throttleReadIOPSDevice") ?? []
        throttleWriteIOPSDevice = try object.optional("throttleWriteIOPSDevice") ?? []
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("weight", to: weight)
        object.set("leafWeight", to: leafWeight)
        object.setUnlessEmpty("weightDevice", to: weightDevice)
        object.setUnlessEmpty("throttleReadBpsDevice", to: throttleReadBpsDevice)
        object.setUnlessEmpty("throttleWriteBpsDevice", to: throttleWriteBpsDevice)
        object.setUnlessEmpty("throttleReadIOPSDevice", to: throttleReadIOPSDevice)
        object.setUnlessEmpty("throttleWriteIOPSDevice", to: throttleWriteIOPSDevice)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.Resources.BlockIO {
    /// The weight of one block device.
    public struct WeightDevice: JSONCodable, Hashable {
        /// The major number.
        public var major: Int64
        /// The minor number.
        public var minor: Int64
        /// The weight against other cgroups, from 10 to 1000.
        public var weight: UInt16?
        /// The same against child cgroups, for the old CFQ scheduler.
        public var leafWeight: UInt16?

        /// Makes the value from its members.
        public init(major: Int64, minor: Int64, weight: UInt16? = nil, leafWeight: UInt16? = nil) {
            self.major = major
            self.minor = minor
            self.weight = weight
            self.leafWeight = leafWeight
        }
    }
}

extension RuntimeSpecification.Linux.Resources.BlockIO.WeightDevice {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        major = try object.required("major")
        minor = try object.required("minor")
        weight = try object.optional("weight")
        leafWeight = try object.optional("leafWeight")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("major", to: major)
        object.set("minor", to: minor)
        object.set("weight", to: weight)
        object.set("leafWeight", to: leafWeight)
        return .object(object)
    }
}

extension RuntimeSpecification.Linux.Resources.BlockIO {
    /// The limit of one block device.
    public struct ThrottleDevice: JSONCodable, Hashable {
        /// The major number.
        public var major: Int64
        /// The minor number.
        public var minor: Int64
        /// The most in a second.
        public var rate: UInt64

        /// Makes the value from its members.
        public init(major: Int64, minor: Int64, rate: UInt64) {
            self.major = major
            self.minor = minor
            self.rate = rate
        }
    }
}

extension RuntimeSpecification.Linux.Resources.BlockIO.ThrottleDevice {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        major = try object.required("major")
        minor = try object.required("minor")
        rate = try object.required("rate")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("major", to: major)
        object.set("minor", to: minor)
        object.set("rate", to: rate)
        return .object(object)
    }
}
