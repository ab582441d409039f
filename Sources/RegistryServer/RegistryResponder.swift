internal import AWSServices
internal import Glibc
internal import HTTPTypes
internal import Hummingbird
internal import ImageStore
internal import LinuxSystem
internal import NIOCore
internal import NIOPosix
internal import OCISpec

/// Answers the calls of the OCI distribution specification.
struct RegistryResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let store: RepositoryStore
    let configuration: RegistryConfiguration
    /// The users; nil: there are none, and everybody may do everything.
    let passwords: PasswordFile?
    /// What makes their tokens.
    let tokens: TokenIssuer?
    let aws: AWSServices
    /// The passwords that the ECR API gives out.
    let awsPasswords: RegistryPasswords
    /// Is told of what goes wrong on this side.
    let notice: @Sendable (String) -> Void

    func respond(to request: Request, context: BasicRequestContext) async -> Response {
        if let response = await answerAWS(request) { return response }
        var response = await answer(request)
        response.headers[.distributionVersion] = "registry/2.0"
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ request: Request) async -> Response {
        do {
            return try await carryOut(request)
        } catch let error as RegistryFailure {
            return error.response
        } catch let error as RepositoryError {
            return RegistryFailure(error).response
        } catch let error as InvalidCall {
            return RegistryFailure(error).response
        } catch {
            notice("\(request.method) \(request.uri.path): \(error)")
            let isFull = (error as? SystemError)?.errno == Errno(ENOSPC)
            return RegistryFailure(
                isFull ? HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage") : .internalServerError,
                "UNKNOWN",
                isFull ? "the registry's disk is full" : "the registry failed; its log says why"
            ).response
        }
    }

    private func carryOut(_ request: Request) async throws -> Response {
        if request.uri.path == Self.tokenPath { return try await token(request) }
        let call = try DistributionCall(path: request.uri.path)
        let caller = try await admit(request, to: call)
        if let repository = call.repository, access(call, request.method) == .push, !configuration.createsOnPush,
            !store.exists(repository)
        {
            throw RepositoryError.noRepository(repository)
        }
        switch call {
        case .version:
            guard request.method == .get || request.method == .head else { throw RegistryFailure.unsupportedMethod }
            return Self.json([:])
        case .catalog: return try await catalog(request, caller)
        case .tags(let name): return try await tags(request, name)
        case .manifest(let name, let manifest): return try await self.manifest(request, name, manifest)
        case .blob(let name, let digest): return try await blob(request, name, digest)
        case .uploads(let name): return try await beginUpload(request, name, caller)
        case .upload(let name, let id): return try await upload(request, name, id)
        case .referrers(let name, let digest): return try await referrers(request, name, digest)
        }
    }

    // MARK: - Helpers

    /// Does what waits for the disk or for a lock where nobody else waits for it.
    func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await NIOThreadPool.singleton.runIfActive(body)
    }

    /// A member of the query; an empty one counts as missing.
    func query(_ name: String, _ request: Request) -> String? {
        request.uri.queryParameters[Substring(name)].flatMap { $0.isEmpty ? nil : String($0) }
    }

    static func json(_ object: JSONObject, type: String = "application/json", _ headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = type
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONValue.object(object).serialized())))
    }
}

extension HTTPField.Name {
    static let distributionVersion = HTTPField.Name("Docker-Distribution-Api-Version").unsafelyKnown
    static let contentDigest = HTTPField.Name("Docker-Content-Digest").unsafelyKnown
    static let uploadID = HTTPField.Name("Docker-Upload-UUID").unsafelyKnown
    static let subject = HTTPField.Name("OCI-Subject").unsafelyKnown
    static let filtersApplied = HTTPField.Name("OCI-Filters-Applied").unsafelyKnown
    static let link = HTTPField.Name("Link").unsafelyKnown
}

extension HTTPField.Name? {
    /// The name, which a literal gives.
    var unsafelyKnown: HTTPField.Name {
        guard let self else { preconditionFailure("a name of a header that is none") }
        return self
    }
}
