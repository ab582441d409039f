internal import AsyncHTTPClient
internal import Glibc
internal import LinuxSystem
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

extension RegistryError {
    /// What an error of the client means.
    init(_ error: any Error, host: String, object: String) {
        switch error {
        case let error as RegistryError: self = error
        case let error as NIOConnectionError: self = .unreachable(host: host, reason: Self.reason(error))
        case let error as HTTPClientError where error == .connectTimeout:
            self = .unreachable(host: host, reason: "no connection stood in time")
        case let error as HTTPClientError where error == .tlsHandshakeTimeout:
            self = .untrusted(host: host, reason: "TLS was not agreed on in time")
        case let error as HTTPClientError where error == .readTimeout:
            self = .interrupted(host: host, object: object, reason: "nothing arrived in time")
        case let error as HTTPClientError
        where error == .remoteConnectionClosed || error == .uncleanShutdown || error == .writeTimeout:
            self = .interrupted(host: host, object: object, reason: "the connection was closed")
        case let error as HTTPClientError
        where error == .proxyAuthenticationRequired || error == .invalidProxyResponse
            || error == .httpProxyHandshakeTimeout:
            self = .unreachable(host: host, reason: "the proxy does not let it through (\(error.shortDescription))")
        case let error as HTTPParserError where error == .invalidEOFState:
            self = .interrupted(host: host, object: object, reason: "the connection was closed")
        case let error as HTTPParserError:
            self = .unexpected(host: host, object: object, reason: "it does not speak HTTP (\(error))")
        case let error as IOError:
            let errno = Errno(error.errnoCode)
            self =
                errno.rawValue == ECONNREFUSED
                ? .unreachable(host: host, reason: errno.meaning)
                : .interrupted(host: host, object: object, reason: "\(errno.meaning) (\(errno.symbol))")
        case ChannelError.connectTimeout:
            self = .unreachable(host: host, reason: "no connection stood in time")
        case is ChannelError, is NIOSSLCloseTimedOutError:
            self = .interrupted(host: host, object: object, reason: "the connection was closed")
        case NIOSSLError.uncleanShutdown:
            self = .interrupted(host: host, object: object, reason: "the connection was closed")
        case NIOSSLError.handshakeFailed(let reason): self = .untrusted(host: host, reason: Self.reason(reason))
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            self = .untrusted(host: host, reason: "\(error)")
        default: self = .unexpected(host: host, object: object, reason: "\(error)")
        }
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        if let failure = error.connectionErrors.first?.error {
            if let failure = failure as? IOError { return Errno(failure.errnoCode).meaning }
            if case ChannelError.connectTimeout = failure { return "no connection stood in time" }
            return "\(failure)"
        }
        return "no such host"
    }

    private static func reason(_ error: BoringSSLError) -> String {
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") { return "nobody who is trusted has signed its certificate" }
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") { return "it does not speak TLS" }
        return "TLS was not agreed on (\(text.excerpt))"
    }
}
