internal import HTTPTypes
internal import Hummingbird
internal import ImageStore
internal import NIOCore
internal import OCISpec

extension RegistryResponder {
    func manifest(_ request: Request, _ name: RepositoryName, _ manifest: ManifestName) async throws -> Response {
        switch request.method {
        case .get, .head:
            let isPull = request.method == .get
            let found = try await blocking {
                let found = try store.manifest(manifest, in: name)
                if isPull { recordPull(of: found.digest, in: name) }
                return found
            }
            return Response(
                status: .ok,
                headers: [
                    .contentType: found.mediaType.rawValue, .contentDigest: found.digest.description,
                    .contentLength: "\(found.bytes.count)", .eTag: "\"\(found.digest)\"",
                ], body: ResponseBody(byteBuffer: ByteBuffer(bytes: found.bytes)))
        case .put: return try await put(request, name, manifest)
        case .delete:
            try await blocking {
                switch manifest {
                case .tag(let tag): try store.remove(tag: tag, from: name)
                case .digest(let digest): try store.remove(manifest: digest, from: name)
                }
            }
            return Response(status: .accepted)
        default: throw RegistryFailure.unsupportedMethod
        }
    }

    private func put(_ request: Request, _ name: RepositoryName, _ manifest: ManifestName) async throws -> Response {
        let tooLarge = RegistryFailure(
            .contentTooLarge, "MANIFEST_INVALID", "a manifest may have \(RepositoryStore.manifestLimit) bytes")
        let length = request.headers[.contentLength].flatMap { Int($0) }
        if let length, length > RepositoryStore.manifestLimit { throw tooLarge }
        var bytes: [UInt8] = []
        for try await part in request.body {
            bytes += part.readableBytesView
            if bytes.count > RepositoryStore.manifestLimit { throw tooLarge }
        }
        if let length, bytes.count != length {
            throw RegistryFailure(.badRequest, "SIZE_INVALID", "\(bytes.count) bytes came of \(length)")
        }
        let content = bytes
        // Parameters such as a character set do not matter.
        let type = request.headers[.contentType].map { field in
            MediaType(rawValue: String(field.prefix { $0 != ";" }.filter { $0 != " " }))
        }
        let keepsTags = keeps(manifest, in: name)
        let stored = try await blocking {
            try store.put(content, mediaType: type, as: manifest, in: name, keepsTags: keepsTags)
        }
        var headers: HTTPFields = [
            .location: "/v2/\(name)/manifests/\(stored.digest)", .contentDigest: stored.digest.description,
        ]
        if let subject = stored.subject { headers[.subject] = subject.description }
        return Response(status: .created, headers: headers)
    }
}
