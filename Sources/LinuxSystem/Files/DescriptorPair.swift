internal import CLinux
internal import Glibc

/// Two descriptors that were made together: the ends of a pipe, or a pair of connected sockets.
public struct DescriptorPair: ~Copyable, Sendable {
    /// The first: a pipe's read end.
    public let first: FileDescriptor
    /// The second: a pipe's write end.
    public let second: FileDescriptor

    private init(_ numbers: (Int32, Int32)) {
        first = FileDescriptor(owning: numbers.0)
        second = FileDescriptor(owning: numbers.1)
    }

    /// A pipe, close-on-exec.
    ///
    /// - Throws: `SystemError`.
    public static func pipe() throws(SystemError) -> DescriptorPair {
        try make("make", "a pipe") { nb_pipe($0) }
    }

    /// Two connected SOCK_SEQPACKET sockets, close-on-exec.
    ///
    /// - Throws: `SystemError`.
    public static func packetSockets() throws(SystemError) -> DescriptorPair {
        try make("make", "a socket pair") { nb_packet_sockets($0) }
    }

    private static func make(
        _ operation: String, _ object: String, _ call: (UnsafeMutablePointer<Int32>?) -> Int32
    ) throws(SystemError) -> DescriptorPair {
        var numbers: (Int32, Int32) = (-1, -1)
        let result = withUnsafeMutableBytes(of: &numbers) { call($0.bindMemory(to: Int32.self).baseAddress) }
        try checked(result, operation, object)
        return DescriptorPair(numbers)
    }

    /// The first one; the second one is closed.
    public consuming func takeFirst() -> FileDescriptor { first }

    /// Gives both descriptors to the caller, who now has to close them.
    public consuming func release() -> (first: Int32, second: Int32) {
        (first.release(), second.release())
    }
}
