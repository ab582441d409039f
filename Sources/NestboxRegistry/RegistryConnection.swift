internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import OCISpec
internal import Synchronization

/// A request to a registry, and what it is to be allowed.
struct RegistryCall: Sendable {
    var request: HTTPRequest
    var scope: AccessScope
    /// Whether a failure that may pass is a reason to ask again.
    var mayRepeat = true
    /// Whether that is so for a connection that breaks; otherwise whoever asks goes on where it broke.
    var mayReconnect = true
}

/// One registry, or a mirror of one: logs in, follows redirections, and asks again after failures that pass.
final class RegistryConnection: Sendable {
    /// How often one thing is asked for.
    static let attempts = 5
    private static let redirections = 5
    /// The longest wait that a server may ask for, in seconds.
    private static let longestWait: Int64 = 60
    private static let faultLimit: Int64 = 64 << 10

    /// What names of images call it.
    let host: RegistryHost
    private let transport: HTTPTransport
    private let authenticator: Authenticator
    private let isInsecure: Bool
    /// Where it is, when its name does not say so.
    private let location: HTTPAddress?
    private let base = Mutex<HTTPAddress?>(nil)

    /// - Parameters:
    ///   - mirror: another place that has the same; nil: the registry itself.
    ///   - login: what to log in with; nil: what the user's files say.
    init(
        _ host: RegistryHost, mirror: HTTPAddress? = nil, _ settings: RegistrySettings, _ transport: HTTPTransport,
        login: DockerConfiguration.Login? = nil
    ) {
        let place = mirror.map { RegistryHost($0.authority) } ?? host
        self.host = place
        location = mirror ?? settings.file.locations[host.name]
        self.transport = transport
        isInsecure = settings.isInsecure(place) || location?.isSecure == false
        let login = login ?? settings.logins[place.name]
        let store = CredentialStore(path: settings.dockerConfiguration)
        authenticator = Authenticator(host: place, transport: transport, isInsecure: isInsecure) {
            () throws(RegistryError) in
            if let login { return login }
            return try store.login(for: place)
        }
    }

    /// Whether it is on this machine.
    var isOnThisMachine: Bool { location.map { RegistryHost($0.authority) }?.isLoopback ?? host.isLoopback }

    /// The address of something below `/v2/`.
    ///
    /// - Throws: `RegistryError` when the registry is not there.
    func address(_ path: String) throws(RegistryError) -> HTTPAddress {
        var address = try baseAddress()
        address.path += "v2/\(path)"
        return address
    }

    private func baseAddress() throws(RegistryError) -> HTTPAddress {
        if let known = base.withLock({ $0 }) { return known }
        let found = try findBase()
        base.withLock { $0 = found }
        return found
    }

    private func findBase() throws(RegistryError) -> HTTPAddress {
        if var location {
            if !location.path.hasSuffix("/") { location.path += "/" }
            return location
        }
        guard let (name, port) = host.authority else {
            throw .request("\"\(host.name.excerpt)\" is no name of a registry")
        }
        let secure = HTTPAddress(isSecure: true, host: name, port: port ?? 443)
        guard isInsecure else { return secure }
        // Without a word of who we are: a server that speaks TLS refuses, or hangs up.
        let plain = HTTPAddress(isSecure: false, host: name, port: port ?? 80)
        do {
            let answer = try transport.send(HTTPRequest(address: plain.resolving("/v2/") ?? plain, object: "/v2/"))
            answer.exchange.cancel()
            return answer.status == 400 || (300..<400).contains(answer.status) ? secure : plain
        } catch {
            // One that hangs after it was reached is not asked in another way.
            if port != nil, case .unreachable = error { throw error }
            return secure
        }
    }

    /// Sends a request, as often as it takes within bounds.
    ///
    /// - Throws: `RegistryError`; a status that is a failure is the caller's to judge.
    func perform(_ call: RegistryCall) throws(RegistryError) -> HTTPAnswer {
        var attempt = 1
        while true {
            do throws(RegistryError) {
                let answer = try performOnce(call)
                guard [429, 500, 502, 503, 504].contains(answer.status), call.mayRepeat, attempt < Self.attempts else {
                    return answer
                }
                let asked = answer.header("retry-after").flatMap { Int64($0) }
                answer.exchange.cancel()
                Self.wait(attempt, atLeast: asked)
            } catch {
                guard error.isTransient, call.mayRepeat, call.mayReconnect, attempt < Self.attempts else { throw error }
                Self.wait(attempt)
            }
            attempt += 1
        }
    }

    /// Waits before the next attempt: half a second at first, then twice as long each time.
    static func wait(_ attempt: Int, atLeast seconds: Int64? = nil) {
        let own = Int64(250_000) << Int64(min(attempt, 6))
        let asked = min(max(seconds ?? 0, 0), longestWait) * 1_000_000
        usleep(UInt32(clamping: max(own, asked)))
    }

    private func performOnce(_ call: RegistryCall) throws(RegistryError) -> HTTPAnswer {
        let answer = try follow(call.request, authenticator.header(for: call.scope))
        guard answer.status == 401, answer.request.address.hasSameOrigin(as: call.request.address) else {
            return answer
        }
        answer.exchange.cancel()
        let challenges = answer.head.headers["www-authenticate"].flatMap(AuthenticateChallenge.parse)
        let header = try authenticator.answer(challenges, for: call.scope, object: call.request.object)
        let second = try follow(call.request, header)
        guard second.status != 401 else {
            second.exchange.cancel()
            throw .unauthorized(
                host: host.name, object: call.request.object, reason: authenticator.refusal)
        }
        return second
    }

    /// Sends a request to where redirections lead; who we are is told to the registry only.
    private func follow(_ request: HTTPRequest, _ authorization: String?) throws(RegistryError) -> HTTPAnswer {
        var current = request
        let trusted = try baseAddress()
        for _ in 0...Self.redirections {
            var sent = current
            if let authorization, current.address.hasSameOrigin(as: trusted) {
                sent.headers.append(("Authorization", authorization))
            }
            let answer = try transport.send(sent)
            guard [301, 302, 303, 307, 308].contains(answer.status),
                request.method == .GET || request.method == .HEAD
            else { return answer }
            answer.exchange.cancel()
            guard let target = answer.header("location").flatMap(current.address.resolving) else {
                throw .redirection(host: host.name, object: request.object, reason: "it does not say where to")
            }
            guard target.isSecure || isInsecure else {
                throw .redirection(
                    host: host.name, object: request.object, reason: "\(target.authority) is spoken to without TLS")
            }
            current.address = target
        }
        throw .redirection(
            host: host.name, object: request.object, reason: "it does so more than \(Self.redirections) times")
    }

    /// What a status that is a failure means; takes the rest of the answer.
    func failure(_ answer: HTTPAnswer) -> RegistryError {
        let object = answer.request.object
        let body = (try? answer.body(limit: Self.faultLimit)) ?? []
        let fault = RegistryFault.first(in: body)
        let reason =
            fault.map { [$0.code.lowercased().replacing("_", with: " "), $0.message] }?
            .filter { !$0.isEmpty }.joined(separator: ": ").excerpt ?? "no reason is given"
        switch answer.status {
        case 401: return .unauthorized(host: host.name, object: object, reason: reason)
        case 403: return .denied(host: host.name, object: object, reason: reason)
        case 404: return .notFound(host: host.name, object: object, reason: reason)
        default: return .status(host: host.name, object: object, code: answer.status, reason: reason)
        }
    }
}
