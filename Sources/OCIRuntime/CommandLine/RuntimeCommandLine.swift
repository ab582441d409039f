internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// The OCI runtime command line, as runc's and crun's callers use it.
enum RuntimeCommandLine {
    /// Runs the command that `arguments` name.
    ///
    /// - Returns: the exit status of the process.
    @inline(never)
    static func run(_ arguments: [String]) -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        var global = GlobalOptions()
        var status: Int32 = 1
        do throws(LaunchError) {
            var rest = arguments.dropFirst()
            let options = try global.read(&rest)
            if options.has("version") {
                try Output.write(RuntimeCommand.versionText)
                return 0
            }
            guard let name = rest.popFirst() else { throw LaunchError("no command was given; \(names)") }
            guard let command = Subcommand.named(name) else {
                throw LaunchError("No help topic for '\(name)': it is no command; \(names)")
            }
            status = command.failureStatus
            let commandOptions = try Options(rest, command.options, stopsAtOperand: command.stopsAtOperand)
            try protect(arguments, command, commandOptions)
            return try command.run(commandOptions, global)
        } catch {
            global.log.error(error.description)
            return status
        }
    }

    private static let names =
        "use create, start, state, kill, delete, run, exec, ps, list, pause, resume, update, events, checkpoint, restore, "
        + "features or spec"

    /// Closes what the caller has leaked, and starts again from a program that cannot be written through where a container's
    /// process could reach it.
    private static func protect(
        _ arguments: [String], _ command: Subcommand, _ options: Options
    ) throws(LaunchError) {
        let count = command.startsProcess ? try InheritedDescriptors.count(options) : 0
        let numbers = Array(3..<(3 + count)) + InputFile.descriptors(options, from: 3 + count)
        close(from: UInt32(3 + count), keeping: numbers.dropFirst(Int(count)))
        guard command.startsProcess else { return }
        if !SealedExecutable.isSealed() {
            throw LaunchError("cannot run: \(RuntimeCommand.sealAgain(arguments, keeping: numbers))")
        }
        for number in numbers { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
        umask(0o022)
    }

    private static func close(from first: UInt32, keeping kept: ArraySlice<Int32>) {
        var next = first
        for number in kept.map(UInt32.init) {
            if number > next { _ = nb_close_range(next, number - 1) }
            next = number + 1
        }
        _ = nb_close_range(next, .max)
    }
}
