internal import CLinux
internal import Glibc
public import LinuxSystem

/// A network namespace that is not this process's own.
public struct NetworkNamespace: ~Copyable, Sendable {
    /// The open file of it.
    public let descriptor: FileDescriptor

    /// Opens the network namespace of a process.
    ///
    /// - Throws: `SystemError`.
    public init(of pid: Int32) throws(SystemError) {
        descriptor = try FileDescriptor.open("/proc/\(pid)/ns/net")
    }

    /// Opens a network namespace that is mounted at a path.
    ///
    /// - Throws: `SystemError`.
    public init(path: String) throws(SystemError) {
        descriptor = try FileDescriptor.open(path)
    }

    /// A netlink socket whose messages are for this namespace.
    ///
    /// A socket belongs to the namespace where it is opened, so the calling thread goes there and back.
    ///
    /// - Parameters:
    ///   - family: whom the messages are for.
    ///   - prepare: called in the namespace, where `/proc/sys/net` is its own.
    /// - Throws: `SystemError`. Ends the process when there is no way back, as everything after would happen in the wrong place.
    public borrowing func open(
        _ family: NetlinkSocket.Family, after prepare: () throws(SystemError) -> Void = {}
    ) throws(SystemError) -> NetlinkSocket {
        let own = try FileDescriptor.open("/proc/thread-self/ns/net")
        let number = descriptor.rawValue
        try checked(nb_enter_namespace(number, CLONE_NEWNET), "enter", "a network namespace")
        defer { if nb_enter_namespace(own.rawValue, CLONE_NEWNET) != 0 { abort() } }
        try prepare()
        return try NetlinkSocket(family)
    }

    /// Runs `body` in this namespace: programs that it starts stay there.
    ///
    /// - Throws: what `body` throws; `SystemError`. Ends the process when there is no way back.
    public borrowing func perform(_ body: () throws -> Void) throws {
        let own = try FileDescriptor.open("/proc/thread-self/ns/net")
        try checked(nb_enter_namespace(descriptor.rawValue, CLONE_NEWNET), "enter", "a network namespace")
        defer { if nb_enter_namespace(own.rawValue, CLONE_NEWNET) != 0 { abort() } }
        try body()
    }
}
