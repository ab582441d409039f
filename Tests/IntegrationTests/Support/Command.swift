import CLinux
import Glibc
import LinuxSystem

/// What a finished command printed, and how it ended.
struct CommandResult: CustomStringConvertible {
    /// The exit status, 128 + n for signal n; -1 when it was killed because its time was over.
    var status: Int32
    var output: String
    var error: String

    var description: String { "status \(status), output \(output.debugDescription), error \(error.debugDescription)" }
    /// The output without the newline at its end.
    var line: String { output.hasSuffix("\n") ? String(output.dropLast()) : output }
    var lines: [Substring] { output.split(separator: "\n") }
}

/// A program started for a test, with pipes for its three streams.
final class Command {
    let pid: pid_t
    private var input: FileDescriptor?
    private let output: FileDescriptor
    private let error: FileDescriptor
    private var text: [UInt8] = []
    private var errorText: [UInt8] = []
    private var status: Int32?

    /// Starts `arguments[0]`.
    ///
    /// - Parameter descriptors: numbers that the program gets beside 0, 1 and 2, as a careless caller leaks them.
    init(_ arguments: [String], environment: [String: String] = [:], leaking descriptors: [Int32] = []) throws {
        let standardInput = try DescriptorPair.pipe().release()
        let standardOutput = try DescriptorPair.pipe().release()
        let standardError = try DescriptorPair.pipe().release()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, standardInput.first, 0)
        posix_spawn_file_actions_adddup2(&actions, standardOutput.second, 1)
        posix_spawn_file_actions_adddup2(&actions, standardError.second, 2)
        for number in descriptors { posix_spawn_file_actions_adddup2(&actions, number, number) }
        // A program that ends early must not end the tests by SIGPIPE, and must not inherit that.
        Glibc.signal(SIGPIPE, SIG_IGN)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        // Threads that tests run on block signals, and what they start would, too.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        let variables = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C",
        ].merging(environment) { $1 }.map { "\($0.key)=\($0.value)" }
        var argv = arguments.map { strdup($0) } + [nil]
        var envp = variables.map { strdup($0) } + [nil]
        defer {
            for pointer in argv { free(pointer) }
            for pointer in envp { free(pointer) }
        }
        var child: pid_t = 0
        let result = posix_spawnp(&child, arguments[0], &actions, &attributes, &argv, &envp)
        for number in [standardInput.first, standardOutput.second, standardError.second] { close(number) }
        input = FileDescriptor(owning: standardInput.second)
        output = FileDescriptor(owning: standardOutput.first)
        error = FileDescriptor(owning: standardError.first)
        pid = child
        guard result == 0 else { throw SystemError("start", arguments[0], Errno(result)) }
    }

    /// Writes to the program's standard input.
    func write(_ text: String) {
        switch input {
        case .some(let pipe): try? pipe.writeAll(Array(text.utf8))
        case .none: break
        }
    }

    func write(_ bytes: [UInt8]) {
        switch input {
        case .some(let pipe): try? pipe.writeAll(bytes)
        case .none: break
        }
    }

    /// Ends the program's standard input.
    func endInput() { input = nil }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Reads what the program prints until `condition` holds for its standard output, or it has ended.
    @discardableResult
    func read(seconds: Int = 60, until condition: (String) -> Bool = { _ in false }) -> String {
        let deadline = time(nil) + seconds
        var isOpen = (output: true, error: true)
        while isOpen.output || isOpen.error {
            let printed = String(decoding: text, as: UTF8.self)
            if condition(printed) { return printed }
            guard time(nil) < deadline else { break }
            var entries = [
                pollfd(fd: isOpen.output ? output.rawValue : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isOpen.error ? error.rawValue : -1, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&entries, 2, 200) > 0 else { continue }
            if entries[0].revents != 0 { isOpen.output = Self.append(output, to: &text) }
            if entries[1].revents != 0 { isOpen.error = Self.append(error, to: &errorText) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func append(_ stream: borrowing FileDescriptor, to bytes: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = buffer.withUnsafeMutableBytes { Glibc.read(stream.rawValue, $0.baseAddress, $0.count) }
        guard count > 0 else { return false }
        bytes += buffer[..<count]
        return true
    }

    /// Waits for the program's end, within a bound after which it is killed.
    func finish(seconds: Int = 60) -> CommandResult {
        endInput()
        read(seconds: seconds)
        var result: Int32 = 0
        var ended: pid_t = 0
        for _ in 0..<(seconds * 100) {
            ended = waitpid(pid, &result, WNOHANG)
            if ended != 0 { break }
            usleep(10_000)
        }
        if ended == 0 {
            kill(pid, SIGKILL)
            waitpid(pid, &result, 0)
            status = -1
        } else {
            status = result & 0x7f == 0 ? result >> 8 & 0xff : 128 + (result & 0x7f)
        }
        return CommandResult(
            status: status ?? -1, output: String(decoding: text, as: UTF8.self),
            error: String(decoding: errorText, as: UTF8.self))
    }

    /// Runs a program to its end.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], input: String? = nil, seconds: Int = 60,
        leaking descriptors: [Int32] = []
    ) throws -> CommandResult {
        let command = try Command(arguments, environment: environment, leaking: descriptors)
        if let input { command.write(input) }
        return command.finish(seconds: seconds)
    }
}
