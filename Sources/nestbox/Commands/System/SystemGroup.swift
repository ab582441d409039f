internal import ArgumentParser
internal import Nestbox

/// `nestbox system`.
struct SystemGroup: CommandGroup {
    static let commands: [any NestboxCommand.Type] = [SystemFirewall.self]
    static let configuration = CommandConfiguration.group(
        name: "system", abstract: "Look at what Nestbox has of this machine.", commands: commands)
}

/// `nestbox system firewall`.
struct SystemFirewall: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "firewall", abstract: "Show what is installed in the kernel's firewall, and why.",
        usage: "nestbox system firewall [<flags>]",
        discussion: "What somebody else has removed is put back first if containers need it.")
    static let verb = "system firewall"
    static let switches: [String: Character?] = [:]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        try StandardOutput.write(try globals.engine().firewallText())
        return 0
    }
}
