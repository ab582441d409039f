public import OCISpec

extension ResourceConfiguration: JSONCodable {
    /// Reads the form that `json` writes.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        self.init()
        let object = try json.object()
        memory = try object.optional("memory")
        memoryReservation = try object.optional("memoryReservation")
        memorySwap = try object.optional("memorySwap")
        memorySwappiness = try object.optional("memorySwappiness")
        nanoCPUs = try object.optional("nanoCPUs")
        cpuShares = try object.optional("cpuShares")
        cpuPeriod = try object.optional("cpuPeriod")
        cpuQuota = try object.optional("cpuQuota")
        cpusetCPUs = try object.optional("cpusetCPUs")
        cpusetMemories = try object.optional("cpusetMemories")
        pidsLimit = try object.optional("pidsLimit")
        blockIOWeight = try object.optional("blockIOWeight")
        deviceReadBytes = try object.optional("deviceReadBytes") ?? []
        deviceWriteBytes = try object.optional("deviceWriteBytes") ?? []
        deviceReadOperations = try object.optional("deviceReadOperations") ?? []
        deviceWriteOperations = try object.optional("deviceWriteOperations") ?? []
    }

    /// The JSON form.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("memory", to: memory)
        object.set("memoryReservation", to: memoryReservation)
        object.set("memorySwap", to: memorySwap)
        object.set("memorySwappiness", to: memorySwappiness)
        object.set("nanoCPUs", to: nanoCPUs)
        object.set("cpuShares", to: cpuShares)
        object.set("cpuPeriod", to: cpuPeriod)
        object.set("cpuQuota", to: cpuQuota)
        object.set("cpusetCPUs", to: cpusetCPUs)
        object.set("cpusetMemories", to: cpusetMemories)
        object.set("pidsLimit", to: pidsLimit)
        object.set("blockIOWeight", to: blockIOWeight)
        object.setUnlessEmpty("deviceReadBytes", to: deviceReadBytes)
        object.setUnlessEmpty("deviceWriteBytes", to: deviceWriteBytes)
        object.setUnlessEmpty("deviceReadOperations", to: deviceReadOperations)
        object.setUnlessEmpty("deviceWriteOperations", to: deviceWriteOperations)
        return .object(object)
    }
}

extension DeviceRate: JSONCodable {
    /// Reads Docker's form.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self.init(path: try object.required("Path"), rate: try object.required("Rate"))
    }

    /// Docker's form.
    public var json: JSONValue { ["Path": .string(path), "Rate": rate.json] }
}

extension DeviceMapping: JSONCodable {
    /// Reads Docker's form.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        self.init(
            hostPath: try object.required("PathOnHost"), containerPath: try object.required("PathInContainer"),
            permissions: try object.required("CgroupPermissions"))
    }

    /// Docker's form.
    public var json: JSONValue {
        [
            "PathOnHost": .string(hostPath), "PathInContainer": .string(containerPath),
            "CgroupPermissions": .string(permissions),
        ]
    }
}

extension Ulimit: JSONCodable {
    /// Reads Docker's form; -1 stands for unlimited.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        let soft: Int64 = try object.required("Soft")
        let hard: Int64 = try object.required("Hard")
        self.init(name: try object.required("Name"), soft: UInt64(bitPattern: soft), hard: UInt64(bitPattern: hard))
    }

    /// Docker's form.
    public var json: JSONValue {
        [
            "Name": .string(name), "Soft": .integer(Int64(bitPattern: soft)), "Hard": .integer(Int64(bitPattern: hard)),
        ]
    }
}
