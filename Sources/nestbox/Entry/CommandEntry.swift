internal import ArgumentParser
internal import Glibc
internal import LinuxSystem
internal import Nestbox

/// From a command line to a command and an exit code.
///
/// The command is chosen by its name and parsed alone: ArgumentParser would look at every command's options first, which
/// takes longer than starting a container may.
enum CommandEntry {
    /// Docker's code for a command line that cannot be understood, and for a failure of `run` itself.
    static let usageCode: Int32 = 125

    /// Carries out a command line, without the program's name.
    ///
    /// - Returns: the program's exit code.
    static func run(_ arguments: [String]) -> Int32 {
        do {
            let (globals, rest) = try GlobalOptions.split(arguments)
            guard let name = rest.first else {
                try StandardOutput.line(Root.helpMessage())
                return 0
            }
            if let type = Root.command(named: name) {
                return try run(type, Array(rest.dropFirst()), globals)
            }
            if let group = Root.group(named: name) { return try run(group, Array(rest.dropFirst()), globals) }
            return try runRoot(Array(rest))
        } catch let error as UsageError {
            return fail(error.description, usageCode)
        } catch {
            return report(error, failureCode: 1)
        }
    }

    /// Carries out a command of a group, or shows what there is.
    private static func run(
        _ group: any CommandGroup.Type, _ arguments: [String], _ globals: GlobalOptions
    ) throws -> Int32 {
        guard let name = arguments.first, name != "--help", name != "help" else {
            try StandardOutput.line(Root.helpMessage(for: group))
            return 0
        }
        if let inner = group.groups.first(where: { $0.configuration.commandName == name }) {
            return try run(inner, Array(arguments.dropFirst()), globals)
        }
        guard let type = group.command(named: name) else {
            throw UsageError("unknown command: \(HumanText.quoted(group.verb + " " + name))", command: group.verb)
        }
        return try run(type, Array(arguments.dropFirst()), globals)
    }

    private static func run<Command: NestboxCommand>(
        _ type: Command.Type, _ arguments: [String], _ globals: GlobalOptions
    ) throws -> Int32 {
        let command: Command
        var words: [String] = []
        do {
            let normalizer = ArgumentNormalizer(
                switches: type.switches, invertible: ["sig-proxy", "pause", "human"],
                interspersed: type.isInterspersed)
            words = try normalizer.normalized(arguments)
            command = try type.parse(words)
        } catch var error as UsageError {
            // A flag that does not exist was taken for one that has a value.
            if let flag = error.flag, !FlagNames.of(type).contains(flag) { error.reason = "unknown flag: \(flag)" }
            error.command = type.verb
            throw error
        } catch {
            return try explain(error, type, words)
        }
        do {
            return try command.execute(globals)
        } catch {
            return report(error, failureCode: type.failureCode)
        }
    }

    /// `--help`, or what ArgumentParser could not understand.
    private static func explain<Command: NestboxCommand>(
        _ error: any Error, _ type: Command.Type, _ words: [String]
    ) throws -> Int32 {
        guard type.exitCode(for: error) != .success else {
            try StandardOutput.line(Root.helpMessage(for: type))
            return 0
        }
        // An unknown flag may have taken the next word for its value, so it is told of before anything else.
        let known = FlagNames.of(type)
        for word in words.prefix(while: { $0 != "--" }) {
            let flag = String(word.prefix { $0 != "=" })
            guard known.contains(flag) else { throw UsageError("unknown flag: \(flag)", command: type.verb) }
        }
        throw UsageError(Self.reason(type.message(for: error)), command: type.verb)
    }

    /// ArgumentParser's words, in one line and with Docker's term for what it calls an option.
    static func reason(_ message: String) -> String {
        var text = message.split(whereSeparator: \.isNewline).first.map(String.init) ?? message
        for (theirs, ours) in [
            ("Unknown option ", "unknown flag: "), ("Missing expected argument ", "an argument is missing: "),
            ("Missing value for ", "a value is missing for "), ("Unexpected argument ", "unexpected argument "),
        ] where text.hasPrefix(theirs) {
            text = ours + text.dropFirst(theirs.count)
        }
        while text.last == "." { text.removeLast() }
        return text
    }

    /// Help, completion scripts, the version, and names that no command has.
    private static func runRoot(_ arguments: [String]) throws -> Int32 {
        guard let first = arguments.first, first.hasPrefix("-") || first == "help" else {
            throw UsageError("unknown command: \(HumanText.quoted(arguments.first ?? ""))")
        }
        if first == "help" {
            if arguments.count > 1, let group = Root.group(named: arguments[1]) {
                try StandardOutput.line(Root.helpMessage(for: group))
                return 0
            }
            let type = arguments.dropFirst().first.flatMap(Root.command)
            guard arguments.count == 1 || type != nil else {
                throw UsageError("unknown command: \(HumanText.quoted(arguments[1]))")
            }
            try StandardOutput.line(type.map { Root.helpMessage(for: $0) } ?? Root.helpMessage())
            return 0
        }
        do {
            let root = try Root.parseAsRoot(arguments) as? Root
            try StandardOutput.line(root?.version == true ? "nestbox \(Version.current)" : Root.helpMessage())
            return 0
        } catch {
            guard Root.exitCode(for: error) == .success else { throw UsageError(reason(Root.message(for: error))) }
            try StandardOutput.line(Root.fullMessage(for: error))
            return 0
        }
    }

    /// Writes an error, and gives the code that it ends the program with.
    static func report(_ error: any Error, failureCode: Int32) -> Int32 {
        switch error {
        case let error as PullFailure:
            return error.exitCode
        case let error as CommandFailure:
            return fail(error.description, error.exitCode)
        case EngineError.startFailed(let reason, let code):
            return fail(reason, failureCode == usageCode || code != usageCode ? code : failureCode)
        case let error as SystemError where error.errno == .brokenPipe:
            // Whoever read our output has enough; as if SIGPIPE had not been ignored.
            return 128 + SIGPIPE
        default:
            return fail("\(error)", failureCode)
        }
    }

    private static func fail(_ text: String, _ code: Int32) -> Int32 {
        StandardError.line(text)
        return code
    }
}
