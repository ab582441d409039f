internal import HTTPTypes
internal import Hummingbird
internal import ImageStore
internal import NIOCore
internal import OCISpec

extension RegistryResponder {
    /// How much of a request is gathered before it is written.
    private static let step = 512 << 10

    func beginUpload(_ request: Request, _ name: RepositoryName, _ caller: Caller) async throws -> Response {
        guard request.method == .post else { throw RegistryFailure.unsupportedMethod }
        if let text = query("mount", request), let digest = try? Digest(text),
            try await mount(digest, from: query("from", request), into: name, caller)
        {
            return created(digest, name)
        }
        guard let text = query("digest", request) else {
            let id = try await blocking { try store.beginUpload(to: name).id }
            return progress(.accepted, name, id, size: 0)
        }
        let digest = try Self.digest(text)
        let upload = try await blocking { try store.beginUpload(to: name) }
        do {
            try await receive(request, into: upload)
            try await blocking { try upload.finish(as: digest) }
        } catch {
            // Nobody knows its name.
            try? await blocking { try upload.remove() }
            throw error
        }
        return created(digest, name)
    }

    /// Takes a blob from another repository, which whoever asks must be allowed to read.
    private func mount(
        _ digest: Digest, from source: String?, into name: RepositoryName, _ caller: Caller
    ) async throws -> Bool {
        if let source {
            guard let other = try? RepositoryName(source), mayPull(other, caller) else { return false }
            return try await blocking { try store.mount(digest, from: other, into: name) }
        }
        // Where everybody may read everything, it may come from anywhere: an image that is here need not be sent.
        return try await blocking {
            if configuration.passwords == nil { return try store.mount(digest, from: nil, into: name) }
            for other in try store.repositories() where mayPull(other, caller) {
                if try store.mount(digest, from: other, into: name) { return true }
            }
            return false
        }
    }

    func upload(_ request: Request, _ name: RepositoryName, _ id: String) async throws -> Response {
        switch request.method {
        case .get, .head:
            let size = try await blocking { try store.size(ofUpload: id, to: name) }
            return progress(.noContent, name, id, size: size)
        case .delete:
            try await blocking { try store.upload(id, to: name).remove() }
            return Response(status: .noContent)
        case .patch:
            let upload = try await blocking { try store.upload(id, to: name) }
            // Before the answer: the next request may be here before the last thread has let go of it.
            defer { upload.pause() }
            try check(request, upload, name)
            try await receive(request, into: upload)
            return progress(.accepted, name, id, size: upload.size)
        case .put:
            guard let text = query("digest", request) else {
                throw RegistryFailure(.badRequest, "DIGEST_INVALID", "the digest is missing")
            }
            let digest = try Self.digest(text)
            let upload = try await blocking { try store.upload(id, to: name) }
            defer { upload.pause() }
            try check(request, upload, name)
            try await receive(request, into: upload)
            try await blocking { try upload.finish(as: digest) }
            return created(digest, name)
        default: throw RegistryFailure.unsupportedMethod
        }
    }

    private static func digest(_ text: String) throws -> Digest {
        do {
            return try Digest(text)
        } catch {
            throw RegistryFailure(.badRequest, "DIGEST_INVALID", "\(error)")
        }
    }

    /// Refuses bytes that do not follow those that are there.
    private func check(_ request: Request, _ upload: BlobUpload, _ name: RepositoryName) throws {
        guard let field = request.headers[.contentRange] else { return }
        let size = upload.size
        guard let range = UploadRange(field), range.first == size else {
            throw RegistryFailure(
                .rangeNotSatisfiable, "BLOB_UPLOAD_INVALID", "the next byte to send is the one at \(size)",
                headers: place(name, upload.id, size: size))
        }
        if let length = request.headers[.contentLength].flatMap({ Int64($0) }), length != range.count {
            throw RegistryFailure(
                .badRequest, "SIZE_INVALID", "the range has \(range.count) bytes, the content \(length)")
        }
    }

    /// Writes what a request brings; when it breaks off, what has come stays.
    private func receive(_ request: Request, into upload: BlobUpload) async throws {
        let before = upload.size
        var gathered = ByteBuffer()
        func write() async throws {
            let bytes = gathered
            gathered.clear()
            guard bytes.readableBytes > 0 else { return }
            try await blocking { try bytes.withUnsafeReadableBytes { try upload.append($0) } }
        }
        do {
            for try await var part in request.body {
                gathered.writeBuffer(&part)
                if gathered.readableBytes >= Self.step { try await write() }
            }
        } catch {
            try await write()
            throw error
        }
        try await write()
        if let length = request.headers[.contentLength].flatMap({ Int64($0) }), upload.size - before != length {
            throw RegistryFailure(
                .badRequest, "SIZE_INVALID", "\(upload.size - before) bytes came of \(length)")
        }
    }

    // MARK: - Answers

    private func place(_ name: RepositoryName, _ id: String, size: Int64) -> HTTPFields {
        [
            .location: "/v2/\(name)/blobs/uploads/\(id)", .range: "0-\(max(size - 1, 0))", .uploadID: id,
        ]
    }

    private func progress(
        _ status: HTTPResponse.Status, _ name: RepositoryName, _ id: String, size: Int64
    ) -> Response {
        Response(status: status, headers: place(name, id, size: size))
    }

    private func created(_ digest: Digest, _ name: RepositoryName) -> Response {
        Response(
            status: .created,
            headers: [.location: "/v2/\(name)/blobs/\(digest)", .contentDigest: digest.description])
    }
}
