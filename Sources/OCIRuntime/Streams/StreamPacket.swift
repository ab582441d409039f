internal import CLinux
internal import Glibc
public import LinuxSystem

/// One message between a container's supervisor and an attached client (SOCK_SEQPACKET: one message, one packet).
public enum StreamPacket: Sendable, Hashable {
    /// Client: I am here, and want the output (1) or send the input (2).
    case hello(wantsOutput: Bool, sendsInput: Bool)
    /// Client: bytes of standard input.
    case input([UInt8])
    /// Client: standard input has ended.
    case inputEnd
    /// Client: the terminal has this size.
    case windowSize(rows: UInt16, columns: UInt16)
    /// Supervisor: bytes of standard output.
    case output([UInt8])
    /// Supervisor: bytes of standard error.
    case errorOutput([UInt8])
    /// Supervisor: the process has ended; nothing follows.
    case exited(code: Int32, oomKilled: Bool)
    /// Supervisor: the process could not be started.
    case failed(String)

    /// The longest payload that is sent, in bytes.
    public static let payloadLimit = 32 << 10

    /// The packet's bytes: a kind and what belongs to it.
    public var bytes: [UInt8] {
        switch self {
        case .hello(let wantsOutput, let sendsInput):
            [UInt8(ascii: "H"), (wantsOutput ? 1 : 0) | (sendsInput ? 2 : 0)]
        case .input(let data): [UInt8(ascii: "I")] + data
        case .inputEnd: [UInt8(ascii: "E")]
        case .windowSize(let rows, let columns):
            [UInt8(ascii: "W"), UInt8(rows & 255), UInt8(rows >> 8), UInt8(columns & 255), UInt8(columns >> 8)]
        case .output(let data): [UInt8(ascii: "O")] + data
        case .errorOutput(let data): [UInt8(ascii: "R")] + data
        case .exited(let code, let oomKilled):
            [UInt8(ascii: "X")] + (0..<4).map { UInt8(truncatingIfNeeded: UInt32(bitPattern: code) >> ($0 * 8)) }
                + [oomKilled ? 1 : 0]
        case .failed(let text): [UInt8(ascii: "F")] + Array(text.utf8)
        }
    }

    /// Reads a packet; nil when it is none.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard let kind = bytes.first else { return nil }
        let rest = bytes.dropFirst()
        switch (kind, rest.count) {
        case (UInt8(ascii: "H"), 1):
            self = .hello(wantsOutput: rest[rest.startIndex] & 1 != 0, sendsInput: rest[rest.startIndex] & 2 != 0)
        case (UInt8(ascii: "I"), _): self = .input(Array(rest))
        case (UInt8(ascii: "E"), 0): self = .inputEnd
        case (UInt8(ascii: "W"), 4):
            let values = Array(rest)
            self = .windowSize(
                rows: UInt16(values[0]) | UInt16(values[1]) << 8, columns: UInt16(values[2]) | UInt16(values[3]) << 8)
        case (UInt8(ascii: "O"), _): self = .output(Array(rest))
        case (UInt8(ascii: "R"), _): self = .errorOutput(Array(rest))
        case (UInt8(ascii: "X"), 5):
            let values = Array(rest)
            let code = (0..<4).reduce(UInt32(0)) { $0 | UInt32(values[$1]) << ($1 * 8) }
            self = .exited(code: Int32(bitPattern: code), oomKilled: values[4] != 0)
        case (UInt8(ascii: "F"), _): self = .failed(String(decoding: rest, as: UTF8.self))
        default: return nil
        }
    }
}

/// Sends and receives ``StreamPacket``s over a connected socket.
public enum StreamSocket {
    /// Sends a packet, waiting for room when the socket is full.
    ///
    /// - Throws: `SystemError`; `EPIPE` when the other end is gone.
    public static func send(_ packet: StreamPacket, to socket: borrowing FileDescriptor) throws(SystemError) {
        let number = socket.rawValue
        let bytes = packet.bytes
        try retrying("send to", "the container's supervisor") {
            bytes.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }
    }

    /// Receives one packet; nil when the other end is gone.
    ///
    /// A packet of an unknown kind is passed over.
    ///
    /// - Throws: `SystemError`.
    public static func receive(from socket: borrowing FileDescriptor) throws(SystemError) -> StreamPacket? {
        let number = socket.rawValue
        var buffer = [UInt8](repeating: 0, count: StreamPacket.payloadLimit + 1)
        while true {
            let count = try retrying("receive from", "the container's supervisor") {
                buffer.withUnsafeMutableBytes { recv(number, $0.baseAddress, $0.count, 0) }
            }
            if count == 0 { return nil }
            let packet = buffer.withUnsafeBytes { StreamPacket(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            if let packet { return packet }
        }
    }

    /// Connects to a supervisor's socket.
    ///
    /// - Throws: `SystemError`.
    public static func connect(to path: String) throws(SystemError) -> FileDescriptor {
        try connect(to: path, SOCK_SEQPACKET)
    }

    /// Connects to somebody else's stream socket, blocking.
    static func connectStream(to path: String) throws(SystemError) -> FileDescriptor {
        try connect(to: path, SOCK_STREAM)
    }

    private static func connect(to path: String, _ kind: __socket_type) throws(SystemError) -> FileDescriptor {
        let kind = Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let socket = FileDescriptor(owning: try retrying("make", "a socket") { Glibc.socket(AF_UNIX, kind, 0) })
        let number = socket.rawValue
        try UnixAddress.with(path, "connect to") { Glibc.connect(number, $0, $1) }
        return socket
    }

    /// A listening socket at `path`, which only root can connect to.
    ///
    /// - Throws: `SystemError`.
    public static func listen(at path: String) throws(SystemError) -> FileDescriptor {
        let kind =
            Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let socket = FileDescriptor(owning: try retrying("make", "a socket") { Glibc.socket(AF_UNIX, kind, 0) })
        let number = socket.rawValue
        unlink(path)
        let mask = umask(0o177)
        defer { umask(mask) }
        try UnixAddress.with(path, "bind a socket at") { Glibc.bind(number, $0, $1) }
        try retrying("listen at", path) { Glibc.listen(number, 64) }
        return socket
    }
}

/// A Unix socket's address.
enum UnixAddress {
    /// The longest path that fits into an address (unix(7)), in bytes.
    private static let capacity = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// Makes `call` with the address of `path`; a path that is too long is reached by way of its folder's descriptor.
    static func with(
        _ path: String, _ action: StaticString, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(SystemError) {
        guard path.utf8.count > capacity, let slash = path.lastIndex(of: "/") else {
            return try with(Array(path.utf8), path, action, call)
        }
        let folder = try FileDescriptor.open(String(path[..<slash]), NB_O_PATH | O_DIRECTORY)
        try with(Array("/proc/self/fd/\(folder.rawValue)\(path[slash...])".utf8), path, action, call)
        _ = consume folder
    }

    private static func with(
        _ bytes: [UInt8], _ path: String, _ action: StaticString,
        _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(SystemError) {
        guard bytes.count <= capacity, !bytes.contains(0) else {
            throw SystemError("\(action)", path, Errno(ENAMETOOLONG))
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        try retrying("\(action)", path) {
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    call($0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
    }
}
