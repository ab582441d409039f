internal import Glibc
public import ImageStore
public import OCISpec

/// What `nestbox-registry` is asked to do: the program that speaks to registries.
///
/// It is a program of its own because linking what it needs costs each start of any other several milliseconds.
public struct RegistryRequest: JSONCodable, Hashable {
    /// What is to be done.
    public enum Action: String, JSONCodable, CaseIterable {
        /// Fetch an image.
        case pull
        /// Send an image.
        case push
        /// Keep a password.
        case login
        /// Forget a password.
        case logout
        /// Show a manifest.
        case inspectManifest
        /// List the tags of a repository.
        case listTags
        /// Fetch content that the store has lost or damaged.
        case repair
    }

    /// What is to be done.
    public var action: Action
    /// The image, the repository or the registry.
    public var name: String
    /// Where images are.
    public var root: String
    /// Where sockets are.
    public var runRoot: String
    /// The file of settings; nil: where it usually is.
    public var settings: String?
    /// Which variant to take; nil: the host's.
    public var platform: String?
    /// Whether all tags of the repository are meant.
    public var allTags = false
    /// Whether only results are shown.
    public var isQuiet = false
    /// Whether what would go to standard output goes to standard error.
    public var usesStandardError = false
    /// Who logs in; nil: asked for.
    public var username: String?
    /// The password; nil: asked for.
    public var password: String?
    /// Whether the password is read from standard input.
    public var readsPassword = false
    /// The most results.
    public var limit: Int?
    /// The content that is to be fetched for a repair.
    public var origins: [BlobOrigin] = []

    /// Asks for something.
    public init(_ action: Action, _ name: String, in configuration: EngineConfiguration) {
        self.action = action
        self.name = name
        root = configuration.root
        runRoot = configuration.runRoot
    }
}

extension RegistryRequest {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError` for a missing required member and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        action = try object.required("action")
        name = try object.required("name")
        root = try object.required("root")
        runRoot = try object.required("runRoot")
        settings = try object.optional("settings")
        platform = try object.optional("platform")
        allTags = try object.optional("allTags") ?? false
        isQuiet = try object.optional("isQuiet") ?? false
        usesStandardError = try object.optional("usesStandardError") ?? false
        username = try object.optional("username")
        password = try object.optional("password")
        readsPassword = try object.optional("readsPassword") ?? false
        limit = try object.optional("limit")
        origins = try object.optional("origins") ?? []
    }

    /// The JSON form; what a missing member stands for is left out.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("action", to: action)
        object.set("name", to: name)
        object.set("root", to: root)
        object.set("runRoot", to: runRoot)
        object.set("settings", to: settings)
        object.set("platform", to: platform)
        object.set("allTags", to: allTags, unless: false)
        object.set("isQuiet", to: isQuiet, unless: false)
        object.set("usesStandardError", to: usesStandardError, unless: false)
        object.set("username", to: username)
        object.set("password", to: password)
        object.set("readsPassword", to: readsPassword, unless: false)
        object.set("limit", to: limit)
        if !origins.isEmpty { object.set("origins", to: origins) }
        return .object(object)
    }

    /// The program and its arguments.
    ///
    /// - Throws: `EngineError` when the program is not there.
    public func command() throws(EngineError) -> [String] {
        let searched = Engine.places(of: "nestbox-registry")
        for candidate in searched where access(candidate, X_OK) == 0 {
            return [candidate, String(decoding: jsonBytes(), as: UTF8.self)]
        }
        throw .failure(
            "cannot find nestbox-registry (looked at \(searched.joined(separator: ", "))); "
                + "install it beside nestbox or into a folder of PATH")
    }
}
