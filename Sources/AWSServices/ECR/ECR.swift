internal import ImageStore
internal import LinuxSystem
internal import OCISpec

/// One call of Amazon ECR's API.
struct ECR {
    /// What its operations are called by.
    static let target = "AmazonEC2ContainerRegistry_V20150921"

    let store: RepositoryStore
    let configuration: RegistryConfiguration
    let passwords: RegistryPasswords
    let caller: AWSCaller
    let input: JSONObject
    /// Where the client has reached us: what it can pull from.
    let host: String

    func carryOut(_ operation: String, _ notice: (String) -> Void) throws -> JSONObject {
        if let registry: String = try input.optional("registryId"), registry != AWSServices.account {
            throw AWSError.invalidParameter(
                "registry \(JSONError.quoted(registry)) is not here; this one is \(AWSServices.account)")
        }
        switch operation {
        case "CreateRepository": return try createRepository()
        case "DescribeRepositories": return try describeRepositories()
        case "DeleteRepository": return try deleteRepository()
        case "PutImageTagMutability": return try putImageTagMutability()
        case "ListImages": return try listImages()
        case "DescribeImages": return try describeImages()
        case "BatchGetImage": return try batchGetImage()
        case "BatchDeleteImage": return try batchDeleteImage()
        case "PutImage": return try putImage()
        case "UpdateImageStorageClass": return try updateImageStorageClass()
        case "BatchCheckLayerAvailability": return try batchCheckLayerAvailability()
        case "PutLifecyclePolicy": return try putLifecyclePolicy(notice)
        case "GetLifecyclePolicy": return try lifecycleAnswer(try store.lifecycle(of: try repository()))
        case "DeleteLifecyclePolicy": return try lifecycleAnswer(try store.removeLifecycle(of: try repository()))
        case "StartLifecyclePolicyPreview": return try startPreview()
        case "GetLifecyclePolicyPreview": return try preview()
        case "GetAuthorizationToken": return try authorizationToken()
        default:
            throw AWSError("UnknownOperationException", "there is no operation \(JSONError.quoted(operation)) here")
        }
    }

    /// The repository that the call is about.
    func repository() throws -> RepositoryName {
        let text: String = try parameter("repositoryName")
        do {
            return try RepositoryName(text)
        } catch {
            throw AWSError.invalidParameter(
                "Invalid parameter at 'repositoryName' failed to satisfy constraint: '\(error)'")
        }
    }

    func parameter<Value: JSONCodable>(_ name: String) throws -> Value {
        guard let value: Value = try input.optional(name) else {
            throw AWSError.invalidParameter(
                "Invalid parameter at '\(name)' failed to satisfy constraint: 'must not be null'")
        }
        return value
    }

    /// Refuses what is asked for and not done here, rather than leave it out in silence.
    func refuse(_ names: String...) throws(AWSError) {
        for name in names where input[name] != nil && input[name] != .null && input[name] != .array([]) {
            throw AWSError.invalidParameter("Invalid parameter at '\(name)': this registry does not have it")
        }
    }

    /// One of several words; nil when it is missing.
    func word(_ text: String?, _ name: String, _ words: [String]) throws(AWSError) -> String? {
        guard let text else { return nil }
        guard words.contains(text) else {
            throw AWSError.invalidParameter(
                "Invalid parameter at '\(name)' failed to satisfy constraint: 'must be one of \(words.joined(separator: ", "))'"
            )
        }
        return text
    }

    /// A part of a list, and where the next one begins.
    ///
    /// - Parameter key: what the list is sorted by, different for each element.
    func page<Element>(
        _ all: [Element], usual: Int = 100, most: Int = 1000, key: (Element) -> String
    ) throws -> (elements: [Element], nextToken: String?) {
        let count = try input.optional("maxResults") ?? usual
        guard (1...most).contains(count) else {
            throw AWSError.invalidParameter("Invalid parameter at 'maxResults': expected 1 to \(most)")
        }
        var rest = all[...]
        if let token: String = try input.optional("nextToken") {
            guard let bytes = Base64.decode(token) else {
                throw AWSError.invalidParameter("Invalid parameter at 'nextToken'")
            }
            let last = String(decoding: bytes, as: UTF8.self)
            rest = rest.drop { key($0) <= last }
        }
        let elements = Array(rest.prefix(count))
        guard elements.count < rest.count, let last = elements.last else { return (elements, nil) }
        return (elements, Base64.encode(Array(key(last).utf8)))
    }

    /// Epoch seconds.
    static func time(_ time: Timestamp) -> JSONValue {
        time.nanoseconds == 0
            ? .integer(time.seconds) : .number(Double(time.seconds) + Double(time.nanoseconds / 1_000_000) / 1000)
    }

    // MARK: - Passwords

    private func authorizationToken() throws -> JSONObject {
        let (password, expires) = try passwords.make(for: caller.user, now: WallClock.now())
        let data: JSONObject = [
            "authorizationToken": .string(Base64.encode(Array("AWS:\(password)".utf8))),
            "expiresAt": .integer(expires),
            "proxyEndpoint": .string("\(configuration.tls == nil ? "http" : "https")://\(host)"),
        ]
        return ["authorizationData": .array([.object(data)])]
    }
}
