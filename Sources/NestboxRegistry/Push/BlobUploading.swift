internal import ImageStore
internal import LinuxSystem
internal import NIOHTTP1
internal import OCISpec

/// Sends one blob, unless the registry has it: in this repository, or in another one that it can take it from.
struct BlobUploading: Sendable {
    /// How a blob came to be in the repository.
    enum Outcome: Sendable, Hashable {
        case existed
        case mounted(from: String)
        case sent
    }

    private static let mountAttempts = 3

    let repository: Repository
    let blob: Descriptor
    /// Other repositories of the same registry that may have it.
    let sources: [String]
    let abortion: Abortion
    /// What is known of an upload that was interrupted, and where this one is noted; nil: nowhere.
    var session: UploadSession?

    private var connection: RegistryConnection { repository.connection }
    private var object: String { "blob \(blob.digest.shortened)" }

    /// Where to send to, and how much of the blob is there.
    private struct Place {
        var address: HTTPAddress
        var offset: Int64
    }

    /// Brings the blob there.
    ///
    /// - Parameters:
    ///   - open: opens its file.
    ///   - progress: is told how many bytes were sent.
    /// - Throws: `RegistryError`, and what `open` throws.
    func run(
        open: () throws -> LinuxSystem.FileDescriptor, progress: @escaping @Sendable (Int64) -> Void
    ) throws -> Outcome {
        let outcome = try bring(open: open, progress: progress)
        session?.remove()
        return outcome
    }

    private func bring(
        open: () throws -> LinuxSystem.FileDescriptor, progress: @escaping @Sendable (Int64) -> Void
    ) throws -> Outcome {
        if try exists() { return .existed }
        var place = try session?.location.flatMap(HTTPAddress.init).flatMap(standing)
        if place == nil {
            for source in sources.prefix(Self.mountAttempts) {
                let (isDone, address) = try begin(mountingFrom: source)
                if isDone { return .mounted(from: source) }
                place = Place(address: address, offset: 0)
            }
        }
        var attempt = 1
        while true {
            if abortion.isCalled { throw Aborted() }
            let current: Place
            if let place {
                current = place
            } else {
                let (isDone, address) = try begin(mountingFrom: nil)
                if isDone { return .existed }
                current = Place(address: address, offset: 0)
            }
            place = nil
            do {
                try session?.keep(current.address.description)
                try send(to: current, open: open, progress: progress)
                return .sent
            } catch let error as RegistryError where error.isTransient && attempt < RegistryConnection.attempts {
                RegistryConnection.wait(attempt)
                attempt += 1
                place = try standing(current.address)
                // What got further was worth an attempt.
                if let place, place.offset > current.offset { attempt = max(1, attempt - 1) }
            } catch let error as RegistryError where current.offset > 0 && error.isRefusal {
                // What was there already was at fault, or its registry cannot go on: once more, from the beginning.
            }
        }
    }

    /// How far an upload has come; nil where it cannot be gone on with.
    ///
    /// Elsewhere it is not asked for: the settings may lead to another place since.
    private func standing(_ address: HTTPAddress) throws(RegistryError) -> Place? {
        guard address.hasSameOrigin(as: try connection.address("")) else { return nil }
        let answer = try connection.perform(
            RegistryCall(request: HTTPRequest(address: address, object: object), scope: .push(repository.name)))
        answer.exchange.cancel()
        // A range of one byte may also mean none.
        guard answer.status == 204, let last = answer.header("range").flatMap(UploadRange.init)?.last, last > 0,
            last < blob.size
        else { return nil }
        return Place(address: answer.header("location").flatMap(address.resolving) ?? address, offset: last + 1)
    }

    private func exists() throws(RegistryError) -> Bool {
        let answer = try connection.perform(
            RegistryCall(
                request: HTTPRequest(
                    method: .HEAD, address: try connection.address("\(repository.name)/blobs/\(blob.digest)"),
                    object: object), scope: .push(repository.name)))
        switch answer.status {
        case 200:
            answer.exchange.cancel()
            return true
        case 404:
            answer.exchange.cancel()
            return false
        default: throw connection.failure(answer)
        }
    }

    /// Asks for a place to send to, or for the blob of another repository.
    private func begin(
        mountingFrom source: String?
    ) throws(RegistryError) -> (isDone: Bool, session: HTTPAddress) {
        var address = try connection.address("\(repository.name)/blobs/uploads/")
        if let source {
            address = address.adding(query: [("mount", blob.digest.description), ("from", source)])
        } else if connection.isOnThisMachine {
            // One on this machine may be our own, whose store has it; others begin an upload.
            address = address.adding(query: [("mount", blob.digest.description)])
        }
        let answer = try connection.perform(
            RegistryCall(
                request: HTTPRequest(
                    method: .POST, address: address, headers: [("Content-Length", "0")], object: object),
                scope: .push(repository.name, mountingFrom: source)))
        switch answer.status {
        case 201:
            answer.exchange.cancel()
            return (true, address)
        case 202:
            answer.exchange.cancel()
            guard let session = answer.header("location").flatMap(address.resolving) else {
                throw .unexpected(
                    host: connection.host.name, object: object, reason: "it does not say where to send it")
            }
            guard session.isSecure || !address.isSecure else {
                throw .redirection(
                    host: connection.host.name, object: object, reason: "\(session.authority) is spoken to without TLS")
            }
            return (false, session)
        default: throw connection.failure(answer)
        }
    }

    private func send(
        to place: Place, open: () throws -> LinuxSystem.FileDescriptor, progress: @escaping @Sendable (Int64) -> Void
    ) throws {
        guard place.offset > 0 else {
            let file = FileBody(try open(), from: 0, size: blob.size, progress: progress)
            return try finish(place.address, .file(file))
        }
        var end = place.address
        if place.offset < blob.size {
            let file = FileBody(try open(), from: place.offset, size: blob.size, progress: progress)
            let answer = try connection.perform(
                RegistryCall(
                    request: HTTPRequest(
                        method: .PATCH, address: place.address,
                        headers: [
                            ("Content-Type", "application/octet-stream"),
                            ("Content-Range", "\(place.offset)-\(blob.size - 1)"),
                        ], body: .file(file), object: object), scope: .push(repository.name), mayRepeat: false))
            guard answer.status == 202 || answer.status == 204 else { throw connection.failure(answer) }
            answer.exchange.cancel()
            end = answer.header("location").flatMap(place.address.resolving) ?? end
        }
        try finish(end, .none)
    }

    private func finish(_ address: HTTPAddress, _ body: HTTPBody) throws(RegistryError) {
        var headers = [("Content-Type", "application/octet-stream")]
        if case .none = body { headers.append(("Content-Length", "0")) }
        let answer = try connection.perform(
            RegistryCall(
                request: HTTPRequest(
                    method: .PUT, address: address.adding(query: [("digest", blob.digest.description)]),
                    headers: headers, body: body, object: object),
                scope: .push(repository.name), mayRepeat: false))
        guard answer.status == 201 || answer.status == 204 else { throw connection.failure(answer) }
        answer.exchange.cancel()
    }
}
