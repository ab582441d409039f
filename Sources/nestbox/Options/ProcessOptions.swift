internal import ArgumentParser
internal import Nestbox

/// What runs in the container.
struct ProcessOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Keep standard input open, even when nobody is attached.")
    var interactive = false

    @Flag(name: .shortAndLong, help: "Give the process a pseudo terminal.")
    var tty = false

    @Option(
        name: .shortAndLong,
        help: .init(
            "Set an environment variable; NAME alone passes on the caller's. May be repeated.", valueName: "NAME=VALUE")
    )
    var env: [String] = []

    @Option(
        name: .long,
        help: .init("Read environment variables from a file, one a line. May be repeated.", valueName: "file"),
        completion: .file())
    var envFile: [String] = []

    @Option(name: .shortAndLong, help: .init("Run as this user and group.", valueName: "user[:group]"))
    var user: String?

    @Option(name: .shortAndLong, help: .init("The working directory inside the container.", valueName: "path"))
    var workdir: String?

    /// The `-e` and `--env-file` entries: files first, so that `-e` has the last word.
    func environment() throws -> [String] {
        var result: [String] = []
        for path in envFile {
            result += try EnvironmentText.variables(
                inFile: try OptionFile.text(path, option: "--env-file"), path: path, option: "--env-file",
                lookUp: Caller.variable)
        }
        for text in env { result.append(try EnvironmentText.variable(text, option: "--env", lookUp: Caller.variable)) }
        return result
    }

    /// The checked `--user`; nil: the default.
    func checkedUser() throws -> String? {
        guard let user, !user.isEmpty else { return nil }
        return try NameText.user(user, option: "--user")
    }

    /// The checked `--workdir`; nil: the default.
    func checkedWorkdir() throws -> String? {
        guard let workdir, !workdir.isEmpty else { return nil }
        return try NameText.absolutePath(workdir, option: "--workdir", what: "the working directory")
    }
}
