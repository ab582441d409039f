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

    private var connection: RegistryConnection { repository.connection }
    private var object: String { "blob \(blob.digest.shortened)" }

    /// Brings the blob there.
    ///
    /// - Parameters:
    ///   - open: opens its file.
    ///   - progress: is told how many bytes were sent.
    /// - Throws: `RegistryError`, and what `open` throws.
    func run(
        open: () throws -> LinuxSystem.FileDescriptor, progress: @escaping @Sendable (Int64) -> Void
    ) throws -> Outcome {
        if try exists() { return .existed }
        var session: HTTPAddress?
        for source in sources.prefix(Self.mountAttempts) {
            let (isDone, address) = try begin(mountingFrom: source)
            if isDone { return .mounted(from: source) }
            session = address
        }
        var attempt = 1
        while true {
            if abortion.isCalled { throw Aborted() }
            do {
                if session == nil {
                    let (isDone, address) = try begin(mountingFrom: nil)
                    if isDone { return .existed }
                    session = address
                }
                guard let address = session else { continue }
                session = nil
                try send(to: address, open: open, progress: progress)
                return .sent
            } catch let error as RegistryError where error.isTransient && attempt < RegistryConnection.attempts {
                RegistryConnection.wait(attempt)
                attempt += 1
            }
        }
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
        to session: HTTPAddress, open: () throws -> LinuxSystem.FileDescriptor,
        progress: @escaping @Sendable (Int64) -> Void
    ) throws {
        let file = FileBody(try open(), size: blob.size, progress: progress)
        let answer = try connection.perform(
            RegistryCall(
                request: HTTPRequest(
                    method: .PUT, address: session.adding(query: [("digest", blob.digest.description)]),
                    headers: [("Content-Type", "application/octet-stream")], body: .file(file), object: object),
                scope: .push(repository.name), mayRepeat: false))
        guard answer.status == 201 || answer.status == 204 else { throw connection.failure(answer) }
        answer.exchange.cancel()
    }
}
