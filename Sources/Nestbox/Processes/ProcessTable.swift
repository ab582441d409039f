internal import LinuxSystem

/// The processes of a container as `top` shows them.
public struct ProcessTable: Sendable, Hashable {
    /// The columns' titles.
    public var titles: [String]
    /// A row for each process, in the order of their pids, with a text for each column.
    public var rows: [[String]]

    /// As Docker lays it out: columns of at least twenty characters, and nothing that a terminal would obey.
    public var text: String {
        TextTable.aligned(
            ([titles] + rows).map { $0.map(HumanText.printable).joined(separator: "\t") }, minimumWidth: 20)
    }
}

extension Engine {
    /// The processes of a running container.
    ///
    /// Pids and users are the host's.
    /// - Parameters:
    ///   - container: the container, which runs.
    ///   - columns: nil for those of `ps -ef`.
    /// - Throws: `EngineError.notRunning`, …
    public func processes(
        of container: Container, columns: [ProcessColumn]? = nil
    ) throws(EngineError) -> ProcessTable {
        try EngineError.wrapping {
            let current = try running(container)
            let cgroup = try cgroup(of: current)
            let snapshots = try cgroup.processes().sorted().compactMap { ProcessSnapshot(pid: $0) }
            // A pid that is there before and after was the same process: of one that ended meanwhile another may have it.
            let remaining = Set(try cgroup.processes())
            let scale = ProcessScale()
            let columns = columns?.map { ProcessColumn.Titled(column: $0, title: $0.title) } ?? ProcessColumn.full
            return ProcessTable(
                titles: columns.map(\.title),
                rows: snapshots.filter { remaining.contains($0.pid) }.map { process in
                    columns.map { $0.column.text(of: process, scale) }
                })
        }
    }
}

extension [ProcessColumn] {
    /// Reads the options of ps(1) that `top` knows: `-o pid,comm`, also several times; nil for `-ef` and none at all.
    ///
    /// - Throws: `ConfigurationError`.
    public init?(psOptions: [String]) throws(ConfigurationError) {
        self.init()
        var rest = psOptions[...]
        var isFull = psOptions.isEmpty
        while let option = rest.popFirst() {
            if ["-ef", "-fe", "-e", "-f"].contains(option) {
                isFull = true
                continue
            }
            var list = String(option.dropFirst(2))
            guard option.hasPrefix("-o") else { throw Self.unknown(option) }
            if list.isEmpty {
                guard let next = rest.popFirst() else { throw Self.unknown(option) }
                list = next
            }
            for name in list.split(whereSeparator: { $0 == "," || $0 == " " }) {
                guard let column = Self.column(named: String(name)) else {
                    throw ConfigurationError(
                        "ps options", option, "there is no column \(ConfigurationError.quoted(String(name)))",
                        accepted: "choose of " + ProcessColumn.allCases.map(\.rawValue).joined(separator: ","))
                }
                append(column)
            }
        }
        if isEmpty {
            guard isFull else { throw Self.unknown(psOptions.joined(separator: " ")) }
            return nil
        }
    }

    private static func column(named name: String) -> ProcessColumn? {
        switch name {
        case "%cpu": .pcpu
        case "%mem": .pmem
        case "tt", "tname": .tty
        case "euid": .uid
        case "euser", "uname": .user
        case "ucmd", "ucomm": .comm
        case "command": .args
        case "cputime": .time
        case "rssize": .rss
        case "vsize": .vsz
        default: ProcessColumn(rawValue: name)
        }
    }

    private static func unknown(_ option: String) -> ConfigurationError {
        ConfigurationError(
            "ps options", option, "no ps(1) is run, and only the columns of 'ps -ef' and those of a list are there",
            accepted: "give nothing, or -o with some of "
                + ProcessColumn.allCases.map(\.rawValue).joined(separator: ","))
    }
}
