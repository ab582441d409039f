import Glibc
import LinuxSystem
import Testing

/// A protocol with ports.
enum Transport: String, CaseIterable, Sendable {
    case tcp, udp
    /// Debian's kernel for clouds has it, this project's machines have not.
    case sctp

    /// Those that every kernel has.
    static let allCases: [Transport] = [.tcp, .udp]

    var kind: Int32 { Int32((self == .udp ? SOCK_DGRAM : SOCK_STREAM).rawValue) }
    var number: Int32 { self == .sctp ? Int32(IPPROTO_SCTP) : 0 }
    var hasConnections: Bool { self != .udp }

    /// Whether the kernel has it.
    var isSupported: Bool {
        let number = socket(AF_INET, kind, number)
        if number >= 0 { close(number) }
        return number >= 0
    }
}

/// A service in some namespace.
///
/// The test is its program as well as its clients, with real sockets on both sides.
final class TestServer {
    let transport: Transport
    let endpoint: Endpoint
    private let socket: FileDescriptor

    /// Listens on an address of a namespace.
    init(_ transport: Transport, _ host: String, _ port: UInt16, in namespace: TestNamespace) throws {
        (self.transport, endpoint) = (transport, Endpoint(host, port))
        socket = try endpoint.socket(transport, in: namespace)
        // As servers do. With UDP it would let two of them have the same port.
        var on: Int32 = transport.hasConnections ? 1 : 0
        setsockopt(socket.rawValue, SOL_SOCKET, SO_REUSEADDR, &on, 4)
        try endpoint.bind(socket)
        let number = socket.rawValue
        if transport.hasConnections { try retrying("listen on", "\(endpoint)") { listen(number, 16) } }
    }

    /// Why a program cannot listen on an address of a namespace; nil when it can.
    static func refusal(
        _ transport: Transport, _ host: String, _ port: UInt16, in namespace: TestNamespace
    ) -> Errno? {
        do {
            _ = try TestServer(transport, host, port, in: namespace)
            return nil
        } catch {
            return (error as? SystemError)?.errno ?? Errno(EIO)
        }
    }

    /// Sends a word from a client to the service and the answer back.
    ///
    /// - Parameters:
    ///   - client: where the client is.
    ///   - destination: the address that the client talks to.
    /// - Returns: the client's address as the service saw it; nil when either way did not get through in time.
    func source(
        ofClientIn client: TestNamespace, to destination: Endpoint, within bound: Bound = .patiently
    ) throws -> String? {
        let caller = try destination.socket(transport, in: client)
        let deadline = Deadline(bound)
        let token = Array("token \(UInt64.random(in: 0 ... .max))".utf8)
        return switch transport {
        case .tcp, .sctp: try connection(of: caller, to: destination, token, deadline)
        case .udp: try datagram(from: caller, to: destination, token, deadline)
        }
    }

    /// Whether a client gets through, both ways.
    func isReached(
        from client: TestNamespace, at host: String, _ port: UInt16? = nil, within bound: Bound = .patiently
    ) throws -> Bool {
        try source(ofClientIn: client, to: Endpoint(host, port ?? endpoint.port), within: bound) != nil
    }

    private func connection(
        of caller: borrowing FileDescriptor, to destination: Endpoint, _ token: [UInt8], _ deadline: Deadline
    ) throws -> String? {
        guard destination.connect(caller) else { return nil }
        while true {
            // The client's own end first: a refusal is known at once.
            var entries = [
                pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: caller.rawValue, events: 0, revents: 0),
            ]
            guard poll(&entries, 2, deadline.milliseconds) > 0 else { return nil }
            guard entries[0].revents != 0 else { return nil }
            var address = sockaddr_storage()
            guard let accepted = try accept(&address) else { continue }
            guard deadline.waits(for: caller, POLLOUT) else { return nil }
            guard Glibc.send(caller.rawValue, token, token.count, Int32(MSG_NOSIGNAL)) == token.count else {
                return nil
            }
            // A connection of an earlier client that had given up says nothing, or something else.
            guard accepted.receives(token, before: deadline) else { continue }
            guard Glibc.send(accepted.rawValue, token, token.count, Int32(MSG_NOSIGNAL)) == token.count,
                caller.receives(token, before: deadline)
            else { return nil }
            return Endpoint(address)?.host
        }
    }

    private func accept(_ address: inout sockaddr_storage) throws -> FileDescriptor? {
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let number = withUnsafeMutableBytes(of: &address) { bytes in
            Glibc.accept(socket.rawValue, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, &length)
        }
        guard number >= 0 else { return nil }
        let accepted = FileDescriptor(owning: number)
        accepted.endsAtOnce()
        return accepted
    }

    private func datagram(
        from caller: borrowing FileDescriptor, to destination: Endpoint, _ token: [UInt8], _ deadline: Deadline
    ) throws -> String? {
        guard destination.connect(caller) else { return nil }
        guard Glibc.send(caller.rawValue, token, token.count, 0) == token.count else { return nil }
        while true {
            var entries = [
                pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: caller.rawValue, events: 0, revents: 0),
            ]
            guard poll(&entries, 2, deadline.milliseconds) > 0, entries[0].revents != 0 else { return nil }
            guard let (bytes, source) = next() else { continue }
            guard bytes == token else { continue }
            guard send(bytes, to: source), caller.receives(token, before: deadline) else { return nil }
            return source.host
        }
    }

    /// The next datagram that has arrived already, and where it came from.
    func next() -> (bytes: [UInt8], source: Endpoint)? {
        var buffer = [UInt8](repeating: 0, count: 2048)
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let count = withUnsafeMutableBytes(of: &address) { bytes in
            recvfrom(
                socket.rawValue, &buffer, buffer.count, Int32(MSG_DONTWAIT),
                bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, &length)
        }
        guard count >= 0, let source = Endpoint(address) else { return nil }
        return (Array(buffer[..<count]), source)
    }

    /// Waits for a datagram with this text; others that arrive before it are in the result too.
    func datagrams(until text: String, within bound: Bound = .patiently) -> [String] {
        let deadline = Deadline(bound)
        var found: [String] = []
        while found.last != text, deadline.waits(for: socket, POLLIN) {
            if let (bytes, _) = next() { found.append(String(decoding: bytes, as: UTF8.self)) }
        }
        return found
    }

    private func send(_ bytes: [UInt8], to destination: Endpoint) -> Bool {
        destination.withAddress { address, length in
            sendto(socket.rawValue, bytes, bytes.count, Int32(MSG_NOSIGNAL), address, length) == bytes.count
        } ?? false
    }
}
