internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// `ps`: prints the processes of a container.
enum ProcessesCommand {
    static let command = Subcommand(options: [.value("format", "f")], stopsAtOperand: true) {
        options, global throws(LaunchError) in
        var words = options.rest
        guard let id = words.popFirst() else { throw LaunchError("container id cannot be empty: name the container") }
        // runc takes the format behind the id, too.
        var format = options["format"] ?? "table"
        if let first = words.first, ["-f", "--format"].contains(first), words.count > 1 {
            format = words[words.startIndex + 1]
            words = words.dropFirst(2)
        }
        let container = try FoundContainer(try ContainerFolder(id, root: global.root))
        let processes = try processIDs(of: container)
        switch format {
        case "json": try Output.write(processes.json.serialized() + [UInt8(ascii: "\n")])
        case "table": try Output.write(try table(of: Set(processes), words.isEmpty ? ["-ef"] : Array(words)))
        default: throw LaunchError("invalid format option: \(format); use table or json")
        }
        return 0
    }

    private static func processIDs(of container: FoundContainer) throws(LaunchError) -> [Int32] {
        guard let cgroup = try container.cgroup() else {
            guard let process = container.record.process, process.isAlive else { return [] }
            return [process.pid]
        }
        do throws(CgroupError) {
            return try cgroup.processes().sorted()
        } catch {
            throw LaunchError("\(error)")
        }
    }

    /// The lines of ps(1) that are about these processes.
    private static func table(of processes: Set<Int32>, _ arguments: [String]) throws(LaunchError) -> String {
        let output = try HookRunner.output(of: "/bin/ps", ["ps"] + arguments)
        let lines = output.split(separator: "\n")
        guard let heading = lines.first,
            let column = heading.split(separator: " ").firstIndex(of: "PID")
        else { throw LaunchError("couldn't find PID field in ps output") }
        var text = "\(heading)\n"
        for line in lines.dropFirst() {
            let fields = line.split(separator: " ")
            guard fields.count > column, let pid = Int32(fields[column]), processes.contains(pid) else { continue }
            text += "\(line)\n"
        }
        return text
    }
}
