internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOSSL

/// A connection that TLS protects, with the certificate that the server has when the connection is made.
///
/// Hummingbird's own keeps the one that it began with.
private struct ProtectedConnection: ServerChildChannel {
    let base: HTTP1Channel
    let certificate: ServerCertificate

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: certificate.context()))
        }.flatMap { base.setup(channel: channel, logger: logger) }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

extension HTTPServerBuilder {
    /// HTTP/1.1 whose connections end when nothing was asked for a while.
    ///
    /// - Parameter certificate: what TLS is spoken with; nil: none is.
    static func registry(_ certificate: ServerCertificate?) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            let plain = HTTP1Channel(responder: responder, configuration: .init(idleTimeout: .minutes(5)))
            guard let certificate else { return plain }
            return ProtectedConnection(base: plain, certificate: certificate)
        }
    }
}
