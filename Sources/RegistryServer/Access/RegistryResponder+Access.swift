internal import Glibc
internal import HTTPTypes
internal import Hummingbird
internal import OCISpec

/// Who asks, and whether he may.
extension RegistryResponder {
    /// Lets a call pass.
    ///
    /// - Returns: who makes it.
    /// - Throws: `RegistryFailure`: it says what is missing.
    func admit(_ request: Request, to call: DistributionCall) async throws -> Caller {
        guard let passwords, let tokens else { return .nobody }
        let needed = needs(of: call, request)
        let caller: Caller
        switch Credentials(request) {
        case .none: caller = .nobody
        case .basic(let credentials):
            guard let user = try await user(of: credentials, passwords) else {
                throw unauthorized(request, needed, "the user name or the password is not accepted")
            }
            caller = Caller(user: user)
        case .bearer(let token):
            let now = Int64(time(nil))
            let claims = try await blocking {
                try tokens.read(token, as: .access, now: now, passwordHash: passwords.hash)
            }
            guard let claims else {
                throw unauthorized(request, needed, "the token does not count, or no more", error: "invalid_token")
            }
            caller = Caller(user: claims.user, grants: claims.grants)
        case .other:
            throw unauthorized(request, needed, "show a token, or a user's name and password")
        }
        try check(caller, call, request, needed)
        return caller
    }

    private func check(
        _ caller: Caller, _ call: DistributionCall, _ request: Request, _ needed: [TokenScope]
    ) throws(RegistryFailure) {
        if let repository = call.repository {
            let access = access(call, request.method)
            guard permits(access, to: repository, for: caller.user) else {
                guard let user = caller.user else { throw unauthorized(request, needed, Self.logIn) }
                throw RegistryFailure(.forbidden, "DENIED", "\(user) may not \(access) \(repository)")
            }
        } else if call == .version, caller.user == nil, caller.grants == nil {
            // Clients learn here that there are users, also those who only want what is public.
            throw unauthorized(request, needed, Self.logIn)
        }
        guard let scope = needed.first else { return }
        let isGranted = caller.isGranted(scope) || scope.actions == ["delete"] && mayPush(caller, call)
        guard isGranted else {
            throw unauthorized(request, needed, "the token is not for this", error: "insufficient_scope")
        }
    }

    private static let logIn = "log in with a user's name and password"

    /// Whoever may push may delete, also when the token does not say so: not every client knows that there is a word for it.
    private func mayPush(_ caller: Caller, _ call: DistributionCall) -> Bool {
        call.repository.map { caller.isGranted(.repository($0, "push")) } ?? false
    }

    /// Whether the rules and the repository's settings let somebody do something, whatever was shown.
    func permits(
        _ access: RegistryConfiguration.Access, to repository: RepositoryName, for user: String?
    ) -> Bool {
        configuration.permits(access, to: repository, for: user, visibility: settings(of: repository).visibility)
    }

    /// Whether somebody may read a repository other than the one that the call is about.
    func mayPull(_ repository: RepositoryName, _ caller: Caller) -> Bool {
        permits(.pull, to: repository, for: caller.user)
            && caller.isGranted(.repository(repository, "pull"))
    }

    func access(_ call: DistributionCall, _ method: HTTPRequest.Method) -> RegistryConfiguration.Access {
        // Where an upload stands is asked by whoever pushes.
        if case .upload = call { return .push }
        return method == .get || method == .head ? .pull : .push
    }

    /// What a token for a call must allow; what comes after the first one the call can do without.
    private func needs(of call: DistributionCall, _ request: Request) -> [TokenScope] {
        if call == .catalog { return [.catalog] }
        guard let repository = call.repository else { return [] }
        if access(call, request.method) == .pull { return [.repository(repository, "pull")] }
        if request.method == .delete { return [.repository(repository, "delete")] }
        var scopes: [TokenScope] = [.repository(repository, "pull", "push")]
        if case .uploads = call, let source = query("from", request).flatMap({ try? RepositoryName($0) }) {
            scopes.append(.repository(source, "pull"))
        }
        return scopes
    }

    /// The answer to somebody who has to show more, with where a token is to be had and what it must be for.
    private func unauthorized(
        _ request: Request, _ needed: [TokenScope], _ message: String, error: String? = nil
    ) -> RegistryFailure {
        var challenge = "Bearer realm=\"\(tokenAddress(request))\",service=\"\(TokenIssuer.name)\""
        if !needed.isEmpty {
            challenge += ",scope=\"\(needed.map(\.description).joined(separator: " "))\""
        }
        if let error { challenge += ",error=\"\(error)\"" }
        return RegistryFailure(
            .unauthorized, "UNAUTHORIZED", message, headers: [.wwwAuthenticate: challenge])
    }

    /// Where tokens are to be had: where this request went, unless the settings say what clients call this registry.
    private func tokenAddress(_ request: Request) -> HTTPAddress {
        var address: HTTPAddress
        if let known = configuration.address {
            address = known
        } else {
            let isSecure = configuration.tls != nil
            // Only the client itself is led astray by a false one.
            let (host, port) = HTTPAddress.authority(request.head.authority ?? "") ?? ("localhost", nil)
            address = HTTPAddress(isSecure: isSecure, host: host, port: port ?? (isSecure ? 443 : 80))
        }
        address.path = (address.path.hasSuffix("/") ? String(address.path.dropLast()) : address.path) + Self.tokenPath
        return address
    }
}

/// What a request shows of who makes it.
enum Credentials: Sendable {
    case none
    case basic(BasicCredentials)
    case bearer(String)
    /// Of a kind that is not known here, or broken.
    case other

    init(_ request: Request) {
        guard let field = request.headers[.authorization] else {
            self = .none
            return
        }
        if let credentials = BasicCredentials(field) {
            // That is how some clients ask when they know of no password.
            self = credentials.user.isEmpty && credentials.password.isEmpty ? .none : .basic(credentials)
        } else if field.prefix(7).lowercased() == "bearer " {
            self = .bearer(String(field.dropFirst(7).drop { $0 == " " }))
        } else {
            self = .other
        }
    }
}
