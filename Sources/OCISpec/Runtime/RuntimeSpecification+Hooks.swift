extension RuntimeSpecification {
    /// Programs that run at points of the container's life, each list in its order.
    public struct Hooks: JSONCodable, Hashable {
        /// In the runtime's namespaces, after creation and before the process starts.
        ///
        /// Deprecated in favour of `createRuntime`.
        public var prestart: [Hook]
        /// In the runtime's namespaces, after the namespaces exist and before the root is changed.
        public var createRuntime: [Hook]
        /// In the container's namespaces, before the root is changed.
        public var createContainer: [Hook]
        /// In the container's namespaces, before the process starts.
        public var startContainer: [Hook]
        /// In the runtime's namespaces, after the process has started.
        public var poststart: [Hook]
        /// In the runtime's namespaces, after the container is deleted.
        public var poststop: [Hook]

        /// Makes the value from its members.
        public init(
            prestart: [Hook] = [], createRuntime: [Hook] = [], createContainer: [Hook] = [],
            startContainer: [Hook] = [], poststart: [Hook] = [], poststop: [Hook] = []
        ) {
            self.prestart = prestart
            self.createRuntime = createRuntime
            self.createContainer = createContainer
            self.startContainer = startContainer
            self.poststart = poststart
            self.poststop = poststop
        }
    }
}

extension RuntimeSpecification.Hooks {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        prestart = try object.optional("prestart") ?? []
        createRuntime = try object.optional("createRuntime") ?? []
        createContainer = try object.optional("createContainer") ?? []
        startContainer = try object.optional("startContainer") ?? []
        poststart = try object.optional("poststart") ?? []
        poststop = try object.optional("poststop") ?? []
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.setUnlessEmpty("prestart", to: prestart)
        object.setUnlessEmpty("createRuntime", to: createRuntime)
        object.setUnlessEmpty("createContainer", to: createContainer)
        object.setUnlessEmpty("startContainer", to: startContainer)
        object.setUnlessEmpty("poststart", to: poststart)
        object.setUnlessEmpty("poststop", to: poststop)
        return .object(object)
    }
}

extension RuntimeSpecification {
    /// A program that runs at a point of the container's life and gets the container's state on standard input.
    public struct Hook: JSONCodable, Hashable {
        /// The program, an absolute path.
        public var path: String
        /// Its arguments, its own name first.
        public var args: [String]
        /// Its whole environment, as `NAME=value`.
        public var env: [String]
        /// Seconds until it is killed; nil: never.
        public var timeout: Int?

        /// Makes the value from its members.
        public init(path: String, args: [String] = [], env: [String] = [], timeout: Int? = nil) {
            self.path = path
            self.args = args
            self.env = env
            self.timeout = timeout
        }
    }
}

extension RuntimeSpecification.Hook {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        path = try object.required("path")
        args = try object.optional("args") ?? []
        env = try object.optional("env") ?? []
        timeout = try object.optional("timeout")
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("path", to: path)
        object.setUnlessEmpty("args", to: args)
        object.setUnlessEmpty("env", to: env)
        object.set("timeout", to: timeout)
        return .object(object)
    }
}
