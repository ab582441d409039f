import CLinux
import Glibc
import LinuxSystem
import Testing

/// A network namespace: one that stands for a machine, or a container's.
struct TestNamespace: Sendable {
    /// The file of it: `/run/netns/NAME` or `/proc/PID/ns/net`.
    let path: String

    /// What stands before a command that is to run in it.
    var entrance: [String] { ["nsenter", "--net=\(path)", "--"] }

    /// Runs a command in it, which has to succeed.
    ///
    /// - Returns: what the command printed.
    @discardableResult
    func callAsFunction(
        _ arguments: String..., input: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> CommandResult {
        let result = try run(arguments, input: input)
        #expect(result.status == 0, "\(arguments): \(result)", sourceLocation: sourceLocation)
        return result
    }

    /// Runs a command in it to its end.
    func run(_ arguments: [String], input: String? = nil) throws -> CommandResult {
        try Command.run(entrance + arguments, input: input, seconds: 60 * TestEngine.patience)
    }

    /// Runs `body` with the calling thread in it.
    ///
    /// A socket belongs to the namespace where it was made, so only that needs to happen here.
    func perform<Value: ~Copyable>(_ body: () throws -> Value) throws -> Value {
        let kind: Int32 = 0x4000_0000  // CLONE_NEWNET
        let own = try FileDescriptor.open("/proc/thread-self/ns/net")
        let other = try FileDescriptor.open(path)
        try checked(nb_enter_namespace(other.rawValue, kind), "enter", path)
        // Whatever came after would happen in the wrong place.
        defer { if nb_enter_namespace(own.rawValue, kind) < 0 { abort() } }
        return try body()
    }

    /// The value of a setting of the kernel there, such as `net/ipv4/ip_forward`.
    func setting(_ name: String) throws -> String { try self("cat", "/proc/sys/\(name)").line }

    func set(_ name: String, to value: String) throws { try self("tee", "/proc/sys/\(name)", input: value) }

    /// The names of the interfaces there.
    func interfaces() throws -> Set<String> {
        Set(
            try self("ip", "-o", "link").lines.compactMap { line in
                line.split(separator: " ").dropFirst().first.map { String($0.prefix { $0 != "@" && $0 != ":" }) }
            })
    }

    /// The hardware address of an interface there.
    func hardwareAddress(of interface: String) throws -> MAC {
        let words = try self("ip", "-o", "link", "show", "dev", interface).output.split(separator: " ")
        let place = try #require(words.firstIndex { $0 == "link/ether" })
        return try MAC(#require(words.dropFirst(place + 1).first.map(String.init)))
    }

    /// The interface that has an address.
    func interface(with address: String) throws -> String {
        for line in try self("ip", "-o", "address").lines {
            let words = line.split(separator: " ")
            if words.count > 3, words[3].hasPrefix("\(address)/") { return String(words[1]) }
        }
        throw SystemError("find", "an interface with the address \(address) in \(path)", .noSuchFile)
    }
}
