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
            mirrors(of: reference).map(\.repository) + [repository(of: reference)]
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
        let host = repository.connection.host.name
        let object = "blob \(origin.digest.shortened)"
        let (answer, first) = try repository.part(of: origin.digest, from: replacement.received, object: object)
        defer { answer.exchange.cancel() }
        if first == 0 { try replacement.restart() }
        // Without a length nobody could tell a liar that never ends.
        guard let length = answer.contentLength else {
            throw RegistryError.unexpected(
                host: host, object: object, reason: "it does not say how long it is")
        }
        var rest = length
        while let part = try answer.next() {
            rest -= Int64(part.readableBytes)
            guard rest >= 0 else {
                throw RegistryError.unexpected(
                    host: host, object: object, reason: "it is longer than it says")
            }
            try part.withUnsafeReadableBytes { try replacement.write($0) }
        }
        guard rest == 0 else {
            throw RegistryError.interrupted(
                host: host, object: object,
                reason: "the answer ended after \(replacement.received) bytes")
        }
    }
}
