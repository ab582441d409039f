internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// Runs hooks in the runtime's own namespaces.
enum HookRunner {
    /// How much of a failed hook's output is told, in bytes.
    private static let outputLimit = 1024

    /// Runs the hooks in their order, each with the state on its standard input, until one fails.
    ///
    /// - Parameters:
    ///   - kind: what the configuration calls them.
    ///   - pid: the container's process.
    /// - Throws: `LaunchError`.
    static func run(
        _ hooks: [RuntimeSpecification.Hook], _ kind: String, _ state: (head: String, tail: String), pid: Int32
    ) throws(LaunchError) {
        for hook in hooks { try run(hook, kind, state, pid) }
    }

    /// What a program of the host writes, which has to succeed.
    ///
    /// - Throws: `LaunchError`.
    static func output(of path: String, _ arguments: [String]) throws(LaunchError) -> String {
        let hook = RuntimeSpecification.Hook(path: path, args: arguments, env: ["PATH=/usr/bin:/bin"])
        let output = try outputFile()
        if let outcome = try outcome(of: hook, ("", ""), 0, output) {
            throw StepFailure.step("run \(path)", outcome, message: text(of: output))
        }
        do throws(SystemError) {
            lseek(output.rawValue, 0, SEEK_SET)
            return String(decoding: try output.readAll(), as: UTF8.self)
        } catch {
            throw LaunchError(error)
        }
    }

    private static func run(
        _ hook: RuntimeSpecification.Hook, _ kind: String, _ state: (head: String, tail: String), _ pid: Int32
    ) throws(LaunchError) {
        let output = try outputFile()
        guard let outcome = try outcome(of: hook, state, pid, output) else { return }
        throw StepFailure.step("run the \(kind) hook \(hook.path)", outcome, message: text(of: output))
    }

    private static func outputFile() throws(LaunchError) -> FileDescriptor {
        do throws(SystemError) {
            return FileDescriptor(owning: try checked(nb_memory_file("hook"), "make", "a memory file"))
        } catch {
            throw LaunchError(error)
        }
    }

    /// How a program failed; nil when it did not.
    private static func outcome(
        of hook: RuntimeSpecification.Hook, _ state: (head: String, tail: String), _ pid: Int32,
        _ output: borrowing FileDescriptor
    ) throws(LaunchError) -> nb_outcome? {
        guard let stack = nb_stack_allocate() else { throw LaunchError(SystemError("run", hook.path, Errno(ENOMEM))) }
        defer { nb_stack_free(stack) }
        // Holds the strings that the program is started with.
        var memory = StepList()
        var value = memory.hook(hook, state, pid: pid, output: output.rawValue)
        var outcome = nb_outcome()
        let result = nb_hook_run(&value, stack, &outcome.detail)
        _ = consume memory
        guard result < 0 else { return nil }
        outcome.error = Int32(truncatingIfNeeded: -result)
        return outcome
    }

    /// The beginning of what a hook has written, on one line.
    private static func text(of file: borrowing FileDescriptor) -> String {
        var bytes = [UInt8](repeating: 0, count: outputLimit)
        let count = pread(file.rawValue, &bytes, bytes.count, 0)
        let lines = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split(whereSeparator: \.isNewline)
        return lines.joined(separator: "; ")
    }
}
