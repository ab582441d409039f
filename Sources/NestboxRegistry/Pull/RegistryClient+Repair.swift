public import ImageStore
internal import LinuxSystem
internal import NIOCore
internal import NIOHTTP1
internal import OCISpec

extension RegistryClient {
    /// Fetches content that a store has lost or damaged, from the first registry that has it; mirrors are asked first.
    ///
    /// - Throws: `RegistryError`, `ImageStoreError`, `SystemError`: the last place's error.
    public func fetch(_ origin: BlobOrigin, into store: ImageStore) throws {
        var failure: any Error = RegistryError.request("no registry is known to have it")
        for place in places(of: origin) {
            do {
                return try fetch(origin, from: place, store.replaceBlob(origin.digest))
            } catch let error as SystemError {
                throw error
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private func places(of origin: BlobOrigin) -> [Repository] {
        var seen: Set<String> = []
        return origin.references.filter { seen.insert($0.name).inserted }.flatMap { reference in
            let host = RegistryHost(reference.domain)
            let mirrors = (settings.file.mirrors[reference.domain] ?? []).map { connection(host, mirror: $0) }
            return (mirrors + [connection(host)]).map { Repository(connection: $0, name: reference.path) }
        }
    }

    private func fetch(_ origin: BlobOrigin, from repository: Repository, _ replacement: BlobReplacement) throws {
        if origin.isManifest {
            try repository.manifest(origin.digest.description).bytes.withUnsafeBytes { try replacement.write($0) }
            return try replacement.finish()
        }
        var attempt = 0
        while true {
            attempt += 1
            do {
                try receive(origin, from: repository, replacement)
                return try replacement.finish()
            } catch let error as RegistryError where error.isTransient && attempt < RegistryConnection.attempts {
                RegistryConnection.wait(attempt)
            }
        }
    }

    /// Takes what a registry sends, behind what has come already where it can do that.
    private func receive(
        _ origin: BlobOrigin, from repository: Repository, _ replacement: BlobReplacement
    ) throws {
        let connection = repository.connection
        let object = "blob \(origin.digest.shortened)"
        var request = HTTPRequest(
            address: try connection.address("\(repository.name)/blobs/\(origin.digest)"), object: object)
        let start = replacement.received
        if start > 0 { request.headers.append(("Range", "bytes=\(start)-")) }
        let answer = try connection.perform(
            RegistryCall(request: request, scope: .pull(repository.name), mayReconnect: false))
        defer { answer.exchange.cancel() }
        switch answer.status {
        case 200: try replacement.restart()
        case 206 where start > 0:
            guard answer.header("content-range").flatMap(ContentRange.init)?.first == start else {
                throw RegistryError.unexpected(
                    host: connection.host.name, object: object, reason: "it is another part than was asked for")
            }
        default: throw connection.failure(answer)
        }
        // Without a length nobody could tell a liar that never ends.
        guard let length = answer.contentLength else {
            throw RegistryError.unexpected(
                host: connection.host.name, object: object, reason: "it does not say how long it is")
        }
        var rest = length
        while let part = try answer.next() {
            rest -= Int64(part.readableBytes)
            guard rest >= 0 else {
                throw RegistryError.unexpected(
                    host: connection.host.name, object: object, reason: "it is longer than it says")
            }
            try part.withUnsafeReadableBytes { try replacement.write($0) }
        }
        guard rest == 0 else {
            throw RegistryError.interrupted(
                host: connection.host.name, object: object,
                reason: "the answer ended after \(replacement.received) bytes")
        }
    }
}
