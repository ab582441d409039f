internal import ArgumentParser
internal import Nestbox
internal import OCISpec

/// `nestbox info`.
struct Info: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        abstract: "Show what this machine offers to containers, and what is kept here.",
        usage: "nestbox info [<flags>]")
    static let switches: [String: Character?] = [:]

    @Option(name: .shortAndLong, help: .init("json, or a template such as '{{.CgroupVersion}}'.", valueName: "format"))
    var format: String?

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        try ValueOutput.write(try globals.engine().information(), format: format)
        return 0
    }
}

/// `nestbox version`.
struct VersionCommand: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "version", abstract: "Show the versions of Nestbox and of the kernel.",
        usage: "nestbox version [<flags>]")
    static let switches: [String: Character?] = [:]

    @Option(name: .shortAndLong, help: .init("json, or a template such as '{{.Version}}'.", valueName: "format"))
    var format: String?

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        try ValueOutput.write(Engine.versionReport(), format: format)
        return 0
    }
}
