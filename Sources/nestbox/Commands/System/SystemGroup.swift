internal import ArgumentParser
internal import Nestbox

/// `nestbox system`.
struct SystemGroup: CommandGroup {
    static let commands: [any NestboxCommand.Type] = [
        SystemUsage.self, SystemPrune.self, SystemFirewall.self, SystemRestore.self, SystemShutdown.self,
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
        var progress = NamesInTurn(verb: "start")
        try globals.engine().restore { progress.tell(of: $0, failure: $1) }
        return progress.code
    }
}

/// `nestbox system shutdown`.
struct SystemShutdown: NestboxCommand {
    static let configuration = CommandConfiguration.command(
        name: "shutdown", abstract: "Stop every running container, all at once, before the machine goes down.",
        usage: "nestbox system shutdown",
        discussion:
            "What the systemd unit does at its end. Each is killed after its own timeout (10 seconds unless --stop-timeout "
            + "says otherwise); `system restore` starts them again as their policies say. Prints the names of those that it has "
            + "stopped.")
    static let verb = "system shutdown"
    static let switches: [String: Character?] = [:]

    func execute(_ globals: GlobalOptions) throws -> Int32 {
        var progress = NamesInTurn(verb: "stop")
        try globals.engine().shutDown { progress.tell(of: $0, failure: $1) }
        return progress.code
    }
}

/// Prints the names of containers as something is done with them, and what went wrong.
private struct NamesInTurn {
    let verb: String
    private(set) var code: Int32 = 0

    init(verb: String) {
        self.verb = verb
    }

    mutating func tell(of container: Container, failure: EngineError?) {
        guard let failure else {
            try? StandardOutput.line(container.name)
            return
        }
        StandardError.line("cannot \(verb) container \(container.name): \(failure)")
        code = 1
    }
}
