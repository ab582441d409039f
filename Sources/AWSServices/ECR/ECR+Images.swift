internal import ImageStore
internal import OCISpec

extension ECR {
    /// How an image is named in a call.
    private struct Identifier {
        var json: JSONValue
        var name: ManifestName
        var tag: String?
    }

    private struct Failure: Error {
        var code: String
        var reason: String
    }

    private func identifier(_ json: JSONValue) throws(Failure) -> Identifier {
        let (digest, tag) = (json["imageDigest"]?.stringValue, json["imageTag"]?.stringValue)
        if let digest {
            guard case .digest(let value)? = ManifestName(digest) else {
                throw Failure(
                    code: "InvalidImageDigest", reason: "Invalid request parameters: image digest is not valid")
            }
            return Identifier(json: json, name: .digest(value), tag: tag)
        }
        guard let tag else {
            throw Failure(
                code: "MissingDigestAndTag", reason: "Invalid request parameters: both tag and digest cannot be null")
        }
        guard !tag.contains(":"), let name = ManifestName(tag) else {
            throw Failure(code: "InvalidImageTag", reason: "Invalid request parameters: image tag is not valid")
        }
        return Identifier(json: json, name: name, tag: tag)
    }

    private func identifiers() throws -> [JSONValue] {
        let ids: [JSONValue] = try parameter("imageIds")
        guard (1...100).contains(ids.count) else {
            throw AWSError.invalidParameter("Invalid parameter at 'imageIds': expected 1 to 100")
        }
        return ids
    }

    private func find(_ id: Identifier, among images: [RepositoryImage]) throws(Failure) -> RepositoryImage {
        let image = images.first {
            switch id.name {
            case .tag(let tag): $0.tags.contains(tag)
            case .digest(let digest): $0.digest == digest
            }
        }
        guard let image else { throw Failure(code: "ImageNotFound", reason: "Requested image not found") }
        if let tag = id.tag, !image.tags.contains(tag) {
            throw Failure(code: "ImageTagDoesNotMatchDigest", reason: "Requested tag and digest do not match")
        }
        return image
    }

    /// Does something for each image that is named, and gathers what goes wrong with some.
    private func each(_ body: (JSONValue) throws -> Void) throws -> [JSONValue] {
        var failures: [JSONValue] = []
        for id in try identifiers() {
            do {
                try body(id)
            } catch let failure as Failure {
                failures.append([
                    "imageId": id, "failureCode": .string(failure.code), "failureReason": .string(failure.reason),
                ])
            }
        }
        return failures
    }

    // MARK: - Lists

    /// The images that the call's filter lets through, by their digests.
    private func filtered(_ name: RepositoryName) throws -> [RepositoryImage] {
        let filter = input["filter"]
        let tags = try word(filter?["tagStatus"]?.stringValue, "filter.tagStatus", ["TAGGED", "UNTAGGED", "ANY"])
        let states = ["ACTIVE", "ARCHIVED", "ACTIVATING", "ANY"]
        let state = try word(filter?["imageStatus"]?.stringValue, "filter.imageStatus", states)
        return try store.images(of: name).filter { image in
            if let tags, tags != "ANY", (tags == "UNTAGGED") != image.tags.isEmpty { return false }
            guard let state, state != "ANY" else { return true }
            return state == Self.status(image)
        }.sorted { $0.digest < $1.digest }
    }

    private static func status(_ image: RepositoryImage) -> String { image.archivedAt == nil ? "ACTIVE" : "ARCHIVED" }

    func listImages() throws -> JSONObject {
        let rows = try filtered(try repository()).flatMap { image -> [(digest: Digest, tag: String?)] in
            image.tags.isEmpty ? [(image.digest, nil)] : image.tags.map { (image.digest, $0) }
        }
        let (elements, token) = try page(rows) { "\($0.digest) \($0.tag ?? "")" }
        var answer: JSONObject = ["imageIds": .array(elements.map { Self.identifier($0.digest, $0.tag) })]
        answer.set("nextToken", to: token)
        return answer
    }

    static func identifier(_ digest: Digest, _ tag: String?) -> JSONValue {
        var object: JSONObject = ["imageDigest": .string(digest.description)]
        object.set("imageTag", to: tag)
        return .object(object)
    }

    func describeImages() throws -> JSONObject {
        let name = try repository()
        var token: String?
        var images: [RepositoryImage]
        if let ids: [JSONValue] = try input.optional("imageIds"), !ids.isEmpty {
            let all = try store.images(of: name)
            images = try ids.map { id in
                do {
                    return try find(try identifier(id), among: all)
                } catch let failure as Failure {
                    throw AWSError(
                        failure.code == "ImageNotFound" ? "ImageNotFoundException" : "InvalidParameterException",
                        "\(failure.reason) in the repository with name '\(name)'")
                }
            }
        } else {
            (images, token) = try page(try filtered(name)) { $0.digest.description }
        }
        var answer: JSONObject = ["imageDetails": .array(try images.map { .object(try named(name, Self.detail($0))) })]
        answer.set("nextToken", to: token)
        return answer
    }

    private static func detail(_ image: RepositoryImage) -> JSONObject {
        var object: JSONObject = [
            "imageDigest": .string(image.digest.description), "imageSizeInBytes": .integer(image.size),
            "imagePushedAt": time(image.pushedAt), "imageManifestMediaType": .string(image.mediaType.rawValue),
            "imageStatus": .string(status(image)),
        ]
        object.setUnlessEmpty("imageTags", to: image.tags)
        object.set("artifactMediaType", to: image.artifactType)
        object.set("subjectManifestDigest", to: image.subject?.description)
        for (name, value) in [
            ("lastRecordedPullTime", image.lastPulledAt), ("lastArchivedAt", image.archivedAt),
            ("lastActivatedAt", image.activatedAt),
        ] {
            if let value { object[name] = time(value) }
        }
        return object
    }

    // MARK: - Single images

    func batchGetImage() throws -> JSONObject {
        let name = try repository()
        let accepted: [String] = try input.optional("acceptedMediaTypes") ?? []
        guard store.exists(name) else { throw RepositoryError.noRepository(name) }
        var images: [JSONValue] = []
        let failures = try each { json in
            let id = try identifier(json)
            let found: StoredManifest
            do {
                found = try store.manifest(id.name, in: name)
            } catch RepositoryError.noManifest, RepositoryError.archived {
                throw Failure(code: "ImageNotFound", reason: "Requested image not found")
            }
            guard accepted.isEmpty || accepted.contains(found.mediaType.rawValue) else {
                throw Failure(code: "ImageNotFound", reason: "The image is of media type \(found.mediaType)")
            }
            try? store.recordPull(of: found.digest, in: name)
            images.append(.object(try image(found, id.tag, name)))
        }
        return ["images": .array(images), "failures": .array(failures)]
    }

    private func image(_ manifest: StoredManifest, _ tag: String?, _ name: RepositoryName) throws -> JSONObject {
        try named(
            name,
            [
                "imageId": Self.identifier(manifest.digest, tag),
                "imageManifest": .string(String(decoding: manifest.bytes, as: UTF8.self)),
                "imageManifestMediaType": .string(manifest.mediaType.rawValue),
            ])
    }

    func batchDeleteImage() throws -> JSONObject {
        let name = try repository()
        var deleted: [JSONValue] = []
        let failures = try each { json in
            let images = try store.images(of: name)
            let id = try identifier(json)
            let image = try find(id, among: images)
            // A tag alone takes its image along only when it is the last.
            if case .tag(let tag) = id.name, image.tags.count > 1 {
                try store.remove(tag: tag, from: name)
                deleted.append(Self.identifier(image.digest, tag))
                return
            }
            if let index = images.first(where: { $0.children.contains(image.digest) }) {
                throw Failure(
                    code: "ImageReferencedByManifestList",
                    reason: "Requested image referenced by manifest list: [\(index.digest)]")
            }
            try store.remove(manifest: image.digest, from: name)
            deleted += (image.tags.isEmpty ? [nil] : image.tags.map { $0 }).map { Self.identifier(image.digest, $0) }
        }
        return ["imageIds": .array(deleted), "failures": .array(failures)]
    }

    func putImage() throws -> JSONObject {
        let name = try repository()
        guard store.exists(name) else { throw RepositoryError.noRepository(name) }
        let text: String = try parameter("imageManifest")
        let type: String? = try input.optional("imageManifestMediaType")
        let (tag, digest): (String?, String?) = (try input.optional("imageTag"), try input.optional("imageDigest"))
        let bytes = Array(text.utf8)
        let actual = try Digest(of: bytes)
        if let digest, digest != actual.description {
            throw AWSError("ImageDigestDoesNotMatchException", "the manifest has digest \(actual), not \(digest)")
        }
        let target = try tag.map { tag in
            guard !tag.contains(":"), let target = ManifestName(tag) else {
                throw AWSError.invalidParameter("Invalid parameter at 'imageTag': that is no tag")
            }
            return target
        }
        if let known = try store.images(of: name).first(where: { $0.digest == actual }), known.archivedAt == nil,
            tag.map({ known.tags.contains($0) }) ?? true
        {
            throw AWSError(
                "ImageAlreadyExistsException",
                "Image with digest '\(actual)' and tag '\(tag ?? "null")' already exists in the repository with name '\(name)'"
            )
        }
        let configured = configuration.rule(of: name).keepsTags
        let keeps = try tag.map { try store.settings(of: name).keeps(tag: $0, configured: configured) } ?? false
        let stored = try store.put(
            bytes, mediaType: type.map { MediaType(rawValue: $0) }, as: target ?? .digest(actual), in: name,
            keepsTags: keeps)
        return ["image": .object(try image(stored, tag, name))]
    }

    func updateImageStorageClass() throws -> JSONObject {
        let name = try repository()
        let target = try word(parameter("targetStorageClass"), "targetStorageClass", ["STANDARD", "ARCHIVE"])
        let json: JSONValue = try parameter("imageId")
        let image: RepositoryImage
        do {
            image = try find(try identifier(json), among: try store.images(of: name))
        } catch let failure as Failure {
            throw AWSError("ImageNotFoundException", failure.reason)
        }
        try store.move(manifest: image.digest, of: name, to: target == "ARCHIVE" ? .archive : .standard)
        return try named(name, ["imageId": json, "imageStatus": target == "ARCHIVE" ? "ARCHIVED" : "ACTIVE"])
    }

    func batchCheckLayerAvailability() throws -> JSONObject {
        let name = try repository()
        guard store.exists(name) else { throw RepositoryError.noRepository(name) }
        var (layers, failures): ([JSONValue], [JSONValue]) = ([], [])
        let texts: [String] = try parameter("layerDigests")
        for text in texts {
            guard let digest = try? Digest(text) else {
                failures.append([
                    "layerDigest": .string(text), "failureCode": "InvalidLayerDigest",
                    "failureReason": "Invalid request parameters: layer digest is not valid",
                ])
                continue
            }
            var layer: JSONObject = ["layerDigest": .string(text), "layerAvailability": "UNAVAILABLE"]
            if let size = try? store.size(of: digest, in: name) {
                layer = [
                    "layerDigest": .string(text), "layerAvailability": "AVAILABLE", "layerSize": .integer(size),
                    "mediaType": .string(MediaType.layerGzip.rawValue),
                ]
            }
            layers.append(.object(layer))
        }
        return ["layers": .array(layers), "failures": .array(failures)]
    }
}
