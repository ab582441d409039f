import Glibc
import LinuxSystem

/// An address and a port.
struct Endpoint: Hashable, CustomStringConvertible {
    let host: String
    let port: UInt16

    init(_ host: String, _ port: UInt16) { (self.host, self.port) = (host, port) }

    /// What the kernel wrote into `storage`.
    init?(_ storage: sockaddr_storage) {
        var storage = storage
        var text = [CChar](repeating: 0, count: 64)
        let family = Int32(storage.ss_family)
        let port: UInt16? = withUnsafeBytes(of: &storage) { bytes in
            switch family {
            case AF_INET:
                var address = bytes.load(as: sockaddr_in.self)
                return inet_ntop(AF_INET, &address.sin_addr, &text, 64) == nil ? nil : address.sin_port
            case AF_INET6:
                var address = bytes.load(as: sockaddr_in6.self)
                return inet_ntop(AF_INET6, &address.sin6_addr, &text, 64) == nil ? nil : address.sin6_port
            default: return nil
            }
        }
        guard let port else { return nil }
        self.init(
            String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self),
            UInt16(bigEndian: port))
    }

    var isIPv6: Bool { host.contains(":") }
    var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Gives `body` the form that socket calls take; nil when the host is no address.
    func withAddress<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value? {
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            guard inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else { return nil }
            return Self.pass(&address, to: body)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return nil }
        return Self.pass(&address, to: body)
    }

    private static func pass<Address, Value>(
        _ address: inout Address, to body: (UnsafePointer<sockaddr>, socklen_t) -> Value
    ) -> Value {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }

    /// A socket of this family in a namespace, which nobody waits for.
    func socket(_ transport: Transport, in namespace: TestNamespace) throws -> FileDescriptor {
        let (family, kind) = (isIPv6 ? AF_INET6 : AF_INET, transport.kind | Int32(SOCK_CLOEXEC.rawValue))
        let socket = try namespace.perform { () throws in
            FileDescriptor(
                owning: try retrying("open", "a socket") {
                    Glibc.socket(family, kind | Int32(SOCK_NONBLOCK.rawValue), transport.number)
                })
        }
        var on: Int32 = 1
        if isIPv6 { setsockopt(socket.rawValue, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, 4) }
        if transport.hasConnections { socket.endsAtOnce() }
        return socket
    }

    func bind(_ socket: borrowing FileDescriptor) throws {
        let number = socket.rawValue
        let result = withAddress { address, length in
            Glibc.bind(number, address, length) == 0 ? nil : Errno.current
        }
        if let failure = result ?? Errno(EINVAL) { throw SystemError("bind", "\(self)", failure) }
    }

    /// Begins to connect; false when that failed at once.
    func connect(_ socket: borrowing FileDescriptor) -> Bool {
        let number = socket.rawValue
        return withAddress { address, length in
            Glibc.connect(number, address, length) == 0 || Glibc.errno == EINPROGRESS
        } ?? false
    }
}

extension FileDescriptor {
    /// A closed connection is reset, and leaves its port and the kernel's table of connections at once.
    func endsAtOnce() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(rawValue, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// Whether the next bytes that arrive are these.
    func receives(_ expected: [UInt8], before deadline: Deadline) -> Bool {
        var buffer = [UInt8](repeating: 0, count: expected.count)
        guard deadline.waits(for: self, POLLIN) else { return false }
        return recv(rawValue, &buffer, buffer.count, Int32(MSG_DONTWAIT)) == expected.count && buffer == expected
    }
}

/// How long a test waits for a packet.
enum Bound {
    /// For what has to arrive.
    case patiently
    /// For what must not arrive.
    case briefly

    var milliseconds: Int {
        switch self {
        case .patiently: 3000 * TestEngine.patience
        case .briefly: TestEngine.patience > 1 ? 1500 : 400
        }
    }
}

/// A moment after which nothing is waited for.
struct Deadline {
    private let end: ContinuousClock.Instant

    init(_ bound: Bound) { end = .now + .milliseconds(bound.milliseconds) }

    /// How long that is from now, for poll(2).
    var milliseconds: Int32 {
        let left = (end - .now) / .milliseconds(1)
        return left > 0 ? Int32(left.rounded(.up)) : 0
    }

    /// Waits until a socket is ready for `events`; false when the time is over.
    func waits(for socket: borrowing FileDescriptor, _ events: Int32) -> Bool {
        var entry = pollfd(fd: socket.rawValue, events: Int16(events), revents: 0)
        return poll(&entry, 1, milliseconds) > 0 && entry.revents & Int16(events) != 0
    }
}
