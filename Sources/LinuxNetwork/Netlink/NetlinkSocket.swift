internal import CLinux
internal import Glibc
public import LinuxSystem

/// A message and what an error about it says.
public struct NetlinkRequest: Sendable, Hashable {
    /// The message.
    public var message: NetlinkMessage
    /// What it does, as it reads after "cannot": `make`, `give an address to`.
    public var operation: String
    /// What it does that to.
    public var object: String
    /// Errors that mean that nothing needs to be done.
    public var tolerated: [Errno]

    /// A request.
    public init(_ operation: String, _ object: String, _ message: NetlinkMessage, tolerated: [Errno] = []) {
        self.message = message
        self.operation = operation
        self.object = object
        self.tolerated = tolerated
    }
}

/// A socket to one of the kernel's netlink families, in the network namespace where it was opened.
public struct NetlinkSocket: ~Copyable, Sendable {
    /// Whom the messages are for.
    public enum Family: Sendable {
        /// Interfaces, addresses and routes (rtnetlink(7)).
        case route
        /// nf_tables.
        case netfilter

        /// Its number (linux/netlink.h).
        public var number: UInt8 {
            switch self {
            case .route: UInt8(NETLINK_ROUTE)
            case .netfilter: UInt8(NETLINK_NETFILTER)
            }
        }
    }

    private let descriptor: FileDescriptor

    /// Opens a socket in the calling thread's network namespace.
    ///
    /// - Throws: `SystemError`.
    public init(_ family: Family) throws(SystemError) {
        descriptor = FileDescriptor(
            owning: try retrying("open", "a netlink socket") {
                socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), Int32(family.number))
            })
        var on: Int32 = 1
        // The kernel's own words about an error, and answers without a copy of the question.
        for option in [NETLINK_EXT_ACK, NETLINK_CAP_ACK] {
            _ = setsockopt(descriptor.rawValue, SOL_NETLINK, option, &on, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    /// Carries out requests one after another, in one system call, and waits for all answers.
    ///
    /// The kernel goes on after one that fails: the first failure is thrown, as later ones may follow from it.
    /// - Throws: `SystemError`.
    public func perform(_ requests: [NetlinkRequest]) throws(SystemError) {
        guard !requests.isEmpty else { return }
        var bytes: [UInt8] = []
        for (index, request) in requests.enumerated() {
            try Self.append(request, sequence: UInt32(index + 1), flags: NLM_F_ACK, to: &bytes)
        }
        try send(bytes, requests.first)
        var failure: SystemError?
        try receive(requests.first) { (reply) throws(SystemError) in
            guard case .outcome(let errno, let message) = reply.kind else { return false }
            let index = Int(reply.sequence) - 1
            if let errno, failure == nil, requests.indices.contains(index), !requests[index].tolerated.contains(errno) {
                failure = SystemError(requests[index].operation, requests[index].object, errno, hint: message)
            }
            return index == requests.count - 1
        }
        if let failure { throw failure }
    }

    /// Carries out a batch of nf_tables requests: all of them, or none.
    ///
    /// - Throws: `SystemError` for the first one that the kernel refuses.
    public func commit(_ requests: [NetlinkRequest]) throws(SystemError) {
        guard !requests.isEmpty else { return }
        let bytes = try Self.batch(of: requests)
        try send(bytes, requests.first)
        var failure: SystemError?
        try receive(requests.first) { (reply) throws(SystemError) in
            guard case .outcome(let errno, let message) = reply.kind else { return false }
            let index = Int(reply.sequence) - 1
            if let errno, failure == nil {
                let request = requests.indices.contains(index) ? requests[index] : requests[requests.count - 1]
                failure = SystemError(request.operation, request.object, errno, hint: message)
            }
            // Without a request's number the whole batch was refused, and nothing else comes.
            return index < 0 || index >= requests.count - 1
        }
        if let failure { throw failure }
    }

    /// The kernel's answers to a question, each as it stands behind its netlink header.
    ///
    /// - Throws: `SystemError`.
    public func answers(
        to request: NetlinkRequest, isDump: Bool = true
    ) throws(SystemError) -> [NetlinkReply] {
        while true {
            var bytes: [UInt8] = []
            // Something that is not there is an error without NLM_F_ACK, too.
            try Self.append(request, sequence: 1, flags: isDump ? NLM_F_DUMP : 0, to: &bytes)
            try send(bytes, request)
            var result: [NetlinkReply] = []
            var isInterrupted = false
            try receive(request) { (reply) throws(SystemError) in
                isInterrupted = isInterrupted || reply.isInterrupted
                switch reply.kind {
                case .outcome(let errno?, let message):
                    throw SystemError(request.operation, request.object, errno, hint: message)
                case .outcome, .end: return true
                case .answer:
                    result.append(reply)
                    return !isDump
                }
            }
            // Something changed while the kernel listed: the list may lack what was there all along.
            if !isInterrupted { return result }
        }
    }

    // MARK: - Bytes

    /// The message that ``commit(_:)`` sends, for somebody who sends it later.
    ///
    /// - Throws: `SystemError` when something in it is too long.
    public static func batch(of requests: [NetlinkRequest]) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        // The batch belongs to the subsystem that stands in the resource id, in network byte order.
        let frame = nfgenmsg(
            nfgen_family: 0, version: UInt8(NFNETLINK_V0), res_id: UInt16(NFNL_SUBSYS_NFTABLES).bigEndian)
        var begin = NetlinkMessage(type: UInt16(NFNL_MSG_BATCH_BEGIN), fixed: frame)
        begin.seal(sequence: 0, flags: 0)
        bytes += begin.bytes
        for (index, request) in requests.enumerated() {
            // Older kernels do not acknowledge the end, so the last request is; a failure is always told.
            let flags = index == requests.count - 1 ? NLM_F_ACK : 0
            try append(request, sequence: UInt32(index + 1), flags: flags, to: &bytes)
        }
        var end = NetlinkMessage(type: UInt16(NFNL_MSG_BATCH_END), fixed: frame)
        end.seal(sequence: UInt32(requests.count + 1), flags: 0)
        bytes += end.bytes
        return bytes
    }

    private static func append(
        _ request: NetlinkRequest, sequence: UInt32, flags: Int32, to bytes: inout [UInt8]
    ) throws(SystemError) {
        guard !request.message.isTooLong else {
            throw SystemError(request.operation, request.object, Errno(EMSGSIZE), hint: "a name or list is too long")
        }
        var message = request.message
        message.seal(sequence: sequence, flags: flags)
        bytes += message.bytes
    }

    private func send(_ bytes: [UInt8], _ first: NetlinkRequest?) throws(SystemError) {
        let number = descriptor.rawValue
        // One message to a socket must fit its buffer.
        var size = Int32(clamping: bytes.count + 4096)
        if bytes.count > 100_000 {
            _ = setsockopt(number, SOL_SOCKET, SO_SNDBUFFORCE, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        try retrying(first?.operation ?? "send", first?.object ?? "a netlink message") {
            bytes.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, 0) }
        }
    }

    /// Hands every message to `body` until that says it was the last.
    private func receive(
        _ first: NetlinkRequest?, _ body: (NetlinkReply) throws(SystemError) -> Bool
    ) throws(SystemError) {
        let number = descriptor.rawValue
        // The most that the kernel puts into one packet of a dump.
        var buffer = [UInt8](repeating: 0, count: 32768)
        while true {
            let count = try retrying(first?.operation ?? "ask", first?.object ?? "the kernel") {
                buffer.withUnsafeMutableBytes { recv(number, $0.baseAddress, $0.count, 0) }
            }
            guard count > 0 else { throw SystemError("read", "a netlink socket", Errno(EIO)) }
            for reply in NetlinkReply.all(in: buffer[..<count]) where try body(reply) { return }
        }
    }
}
