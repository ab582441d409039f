internal import ArgumentParser
internal import Nestbox

/// `nestbox system`.
struct SystemGroup: CommandGroup {
    static let commands: [any NestboxCommand.Type] = [
        SystemUsage.self, SystemPrune.self, SystemFirewall.self, SystemRestore.self,
    ]
    static let configuration = CommandConfiguration.group(
        name: "system", abstract: "Look at what Nestbox has of this machine, and tidy up.", commands: commands)
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

/// `nestbox system restore`.
struct SystemRestore: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "restore", abstract: "Start the containers that their restart policies want to be running.",
        usage: "nestbox system restore",
        discussion: "What the systemd unit does at boot. Prints the names of those that it has started.")
    static let verb = "system restore"
    static let switches: [String: Character?] = [:]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        var code: Int32 = 0
        try globals.engine().restore { container, failure in
            if let failure {
                StandardError.line("cannot start container \(container.name): \(failure)")
                code = 1
            } else {
                try? StandardOutput.line(container.name)
            }
        }
        return code
    }
}
