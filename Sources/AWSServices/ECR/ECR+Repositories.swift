internal import ImageStore
internal import OCISpec

extension ECR {
    func createRepository() throws -> JSONObject {
        let name = try repository()
        try refuse("tags")
        if input["imageScanningConfiguration"]?["scanOnPush"]?.boolValue == true {
            throw AWSError.invalidParameter(
                "Invalid parameter at 'imageScanningConfiguration': images are not scanned here")
        }
        if let kind = input["encryptionConfiguration"]?["encryptionType"]?.stringValue, kind != "AES256" {
            throw AWSError.invalidParameter(
                "Invalid parameter at 'encryptionConfiguration': there are no keys of KMS here")
        }
        var settings = RepositorySettings()
        if input["imageTagMutability"] != nil { try setMutability(of: &settings) }
        try store.create(name, settings)
        return ["repository": try describe(name)]
    }

    func describeRepositories() throws -> JSONObject {
        if let names: [String] = try input.optional("repositoryNames"), !names.isEmpty {
            let found = try names.map { text throws -> JSONValue in
                guard let name = try? RepositoryName(text), store.exists(name) else {
                    throw ECRError.noRepository(text)
                }
                return try describe(name)
            }
            return ["repositories": .array(found)]
        }
        let (names, token) = try page(try store.repositories()) { $0.description }
        var answer: JSONObject = ["repositories": .array(try names.map { try describe($0) })]
        answer.set("nextToken", to: token)
        return answer
    }

    func deleteRepository() throws -> JSONObject {
        let name = try repository()
        guard store.exists(name) else { throw RepositoryError.noRepository(name) }
        let described = try describe(name)
        try store.remove(name, force: try input.optional("force") ?? false)
        return ["repository": described]
    }

    func putImageTagMutability() throws -> JSONObject {
        let name = try repository()
        let _: String = try parameter("imageTagMutability")
        try store.change(name) { try setMutability(of: &$0) }
        return try named(name, mutability(of: name))
    }

    private func setMutability(of settings: inout RepositorySettings) throws {
        let words = RepositorySettings.TagMutability.allCases.map(\.rawValue)
        guard let text = try word(input.optional("imageTagMutability"), "imageTagMutability", words),
            let mutability = RepositorySettings.TagMutability(rawValue: text)
        else { return }
        let filters: [JSONValue] = try input.optional("imageTagMutabilityExclusionFilters") ?? []
        guard filters.isEmpty != mutability.takesExclusions else {
            throw AWSError.invalidParameter(
                "Invalid parameter at 'imageTagMutabilityExclusionFilters': \(text) "
                    + (filters.isEmpty ? "needs them" : "does not take them"))
        }
        settings.tagMutability = mutability
        settings.exclusions = try filters.map { filter in
            guard filter["filterType"] == "WILDCARD", let text = filter["filter"]?.stringValue, !text.isEmpty,
                let pattern = TagPattern(text)
            else {
                throw AWSError.invalidParameter(
                    "Invalid parameter at 'imageTagMutabilityExclusionFilters': expected filterType WILDCARD and a filter"
                )
            }
            return pattern
        }
    }

    private func mutability(of name: RepositoryName) throws -> JSONObject {
        let settings = try store.settings(of: name)
        let configured: RepositorySettings.TagMutability =
            configuration.rule(of: name).keepsTags ? .immutable : .mutable
        var object = JSONObject()
        object.set("imageTagMutability", to: settings.tagMutability ?? configured)
        object.setUnlessEmpty(
            "imageTagMutabilityExclusionFilters",
            to: settings.exclusions.map { ["filterType": "WILDCARD", "filter": .string($0.text)] as JSONValue })
        return object
    }

    private func describe(_ name: RepositoryName) throws -> JSONValue {
        var object: JSONObject = [
            "repositoryArn": .string("arn:aws:ecr:\(caller.region):\(AWSServices.account):repository/\(name)"),
            "repositoryUri": .string("\(host)/\(name)"), "imageScanningConfiguration": ["scanOnPush": false],
        ]
        if let created = try store.settings(of: name).created { object["createdAt"] = Self.time(created) }
        for member in try mutability(of: name).members { object[member.name] = member.value }
        return .object(try named(name, object))
    }

    /// An answer's members with the registry and the repository among them.
    func named(_ name: RepositoryName, _ object: JSONObject) throws -> JSONObject {
        var object = object
        object["registryId"] = .string(AWSServices.account)
        object["repositoryName"] = .string(name.description)
        return object
    }
}
