internal import Glibc
internal import HTTPTypes
internal import Hummingbird
internal import ImageStore
internal import LinuxSystem
internal import NIOCore
internal import OCISpec

/// A blob that is being sent.
private final class OpenBlob: Sendable {
    static let chunk: Int64 = 256 << 10

    let descriptor: LinuxSystem.FileDescriptor
    let size: Int64

    init(_ descriptor: consuming LinuxSystem.FileDescriptor) throws(SystemError) {
        size = Int64(try descriptor.status().st_size)
        self.descriptor = descriptor
    }

    /// Bytes at a place, at most `chunk`.
    func read(_ range: Range<Int64>) throws -> ByteBuffer {
        let number = descriptor.rawValue
        let wanted = Int(min(Self.chunk, Int64(range.count)))
        var buffer = ByteBufferAllocator().buffer(capacity: wanted)
        let count = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { bytes in
            try retrying("read", "a blob") { pread(number, bytes.baseAddress, wanted, off_t(range.lowerBound)) }
        }
        guard count > 0 else { throw SystemError("read", "a blob", Errno(EIO), hint: "it is shorter than it was") }
        return buffer
    }
}

extension RegistryResponder {
    func blob(_ request: Request, _ name: RepositoryName, _ digest: Digest) async throws -> Response {
        switch request.method {
        case .head:
            let size = try await blocking { try store.size(of: digest, in: name) }
            return Response(status: .ok, headers: Self.headers(of: digest, length: size))
        case .get: return try await send(request, name, digest)
        case .delete:
            try await blocking { try store.remove(blob: digest, from: name) }
            return Response(status: .accepted)
        default: throw RegistryFailure.unsupportedMethod
        }
    }

    private static func headers(of digest: Digest, length: Int64) -> HTTPFields {
        [
            .contentType: "application/octet-stream", .contentLength: "\(length)", .acceptRanges: "bytes",
            .contentDigest: digest.description, .eTag: "\"\(digest)\"",
        ]
    }

    private func send(_ request: Request, _ name: RepositoryName, _ digest: Digest) async throws -> Response {
        let blob = try await blocking { try OpenBlob(store.open(digest, in: name)) }
        var range = 0..<blob.size
        var status = HTTPResponse.Status.ok
        var headers = Self.headers(of: digest, length: blob.size)
        if let field = request.headers[.range], let asked = ByteRange(field) {
            guard let found = asked.within(blob.size) else {
                throw RegistryFailure(
                    .rangeNotSatisfiable, "SIZE_INVALID", "the blob has \(blob.size) bytes",
                    headers: [.contentRange: "bytes */\(blob.size)"])
            }
            range = found
            status = .partialContent
            headers[.contentLength] = "\(range.count)"
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(blob.size)"
        }
        let rest = range
        let body = ResponseBody(contentLength: rest.count) { writer in
            var place = rest.lowerBound
            while place < rest.upperBound {
                let next = place..<rest.upperBound
                let buffer = try await blocking { try blob.read(next) }
                place += Int64(buffer.readableBytes)
                try await writer.write(buffer)
            }
            try await writer.finish(nil)
        }
        return Response(status: status, headers: headers, body: body)
    }
}
