internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import OCISpec
internal import Synchronization

/// One request to one place; redirections and failures of the server are the caller's.
struct HTTPRequest: Sendable {
    var method: HTTPMethod = .GET
    var address: HTTPAddress
    var headers: [(name: String, value: String)] = []
    var body: HTTPBody = .none
    /// What errors call it.
    var object: String
}

/// The connections of one process: a client with trust and proxy of its own for each place.
final class HTTPTransport: Sendable {
    private struct Place: Hashable {
        var isSecure: Bool
        var host: String
        var port: UInt16
    }

    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    private let settings: RegistrySettings
    private let clients = Mutex<[Place: HTTPClient]>([:])

    init(_ settings: RegistrySettings) {
        self.settings = settings
    }

    /// Sends a request, and waits for the answer's head.
    ///
    /// - Throws: `RegistryError`.
    func send(_ request: HTTPRequest) throws(RegistryError) -> HTTPAnswer {
        let host = request.address.authority
        do {
            let exchange = HTTPExchange(loop: group.next())
            var headers = HTTPHeaders(request.headers.map { ($0.name, $0.value) })
            headers.replaceOrAdd(name: "User-Agent", value: "nestbox")
            exchange.start(
                try HTTPClient.Request(
                    url: request.address.description, method: request.method, headers: headers,
                    body: request.body.clientBody), on: try client(for: request.address))
            return HTTPAnswer(head: try exchange.head(), exchange: exchange, request: request)
        } catch {
            throw RegistryError(error, host: host, object: request.object)
        }
    }

    private func client(for address: HTTPAddress) throws -> HTTPClient {
        let place = Place(isSecure: address.isSecure, host: address.host, port: address.port)
        return try clients.withLock { clients in
            if let client = clients[place] { return client }
            var configuration = HTTPClient.Configuration(
                redirectConfiguration: .disallow,
                timeout: HTTPClient.Configuration.Timeout(
                    connect: .seconds(settings.file.connectTimeout), read: .seconds(settings.file.idleTimeout)))
            configuration.httpVersion = .http1Only
            configuration.connectionPool.retryConnectionEstablishment = false
            configuration.tlsConfiguration = try settings.trust(for: address)
            if let proxy = settings.proxies.server(
                isSecure: address.isSecure, host: address.host, port: address.port)
            {
                configuration.proxy = .server(
                    host: proxy.host, port: Int(proxy.port),
                    authorization: proxy.user.map { .basic(credentials: Base64.encode(Array($0.utf8))) })
            }
            let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
            clients[place] = client
            return client
        }
    }

    /// Closes all connections.
    func shutdown() {
        let all = clients.withLock { clients in
            defer { clients = [:] }
            return Array(clients.values)
        }
        for client in all { try? client.syncShutdown() }
        try? group.syncShutdownGracefully()
    }
}

/// The answer to a request, whose body is still to be taken.
struct HTTPAnswer: Sendable {
    let head: HTTPResponseHead
    let exchange: HTTPExchange
    let request: HTTPRequest

    var status: Int { Int(head.status.code) }

    /// The first field of that name.
    func header(_ name: String) -> String? { head.headers.first(name: name) }

    /// The body's length, where it was told beforehand.
    var contentLength: Int64? { header("content-length").flatMap { Int64($0) } }

    /// The body's kind, without its parameters.
    var contentType: String {
        (header("content-type") ?? "").prefix { $0 != ";" }.lowercased().filter { $0 != " " }
    }

    /// The next bytes of the body; nil at its end.
    ///
    /// - Throws: `RegistryError`.
    func next() throws(RegistryError) -> ByteBuffer? {
        do {
            return try exchange.next()
        } catch {
            throw RegistryError(error, host: request.address.authority, object: request.object)
        }
    }

    /// The whole body.
    ///
    /// - Throws: `RegistryError`; `.tooLarge` when it is longer than `limit` bytes.
    func body(limit: Int64) throws(RegistryError) -> [UInt8] {
        let host = request.address.authority
        let bytes: [UInt8]?
        do {
            if let length = contentLength, length > limit {
                exchange.cancel()
                bytes = nil
            } else {
                bytes = try exchange.body(limit: limit)
            }
        } catch {
            throw RegistryError(error, host: host, object: request.object)
        }
        guard let bytes else { throw .tooLarge(host: host, object: request.object, limit: limit) }
        return bytes
    }
}
