internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// `list`: prints the containers of the root.
enum ListCommand {
    static let command = Subcommand(options: [.value("format", "f"), .flag("quiet", "q")]) {
        options, global throws(LaunchError) in
        let containers = try all(in: global.root)
        if options.has("quiet") {
            for container in containers { try Output.write("\(container.record.id)\n") }
            return 0
        }
        switch options["format"] ?? "table" {
        case "json":
            let objects = containers.map { JSONValue.object(StateCommand.description(of: $0, owner: owner(of: $0))) }
            // As runc prints an empty list.
            let value: JSONValue = objects.isEmpty ? .null : .array(objects)
            try Output.write(value.serialized() + [UInt8(ascii: "\n")])
        case "table": try Output.write(table(containers))
        case let format: throw LaunchError("invalid format option: \(format); use table or json")
        }
        return 0
    }

    /// The containers whose record can be read; one that is removed meanwhile is none.
    private static func all(in root: String) throws(LaunchError) -> [FoundContainer] {
        let cgroups = KnownCgroups()
        do throws(SystemError) {
            return try StoredFile.names(in: root).sorted().compactMap { name in
                guard let folder = try? ContainerFolder(name, root: root) else { return nil }
                return try? FoundContainer(folder, cgroups)
            }
        } catch {
            throw LaunchError(error)
        }
    }

    /// Whose containers these are: the owner of the folder.
    private static func owner(of container: FoundContainer) -> String {
        var status = stat()
        guard stat(container.folder.path, &status) == 0, status.st_uid != 0 else { return "root" }
        return "#\(status.st_uid)"
    }

    private static func table(_ containers: [FoundContainer]) -> String {
        var rows = [["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]]
        for container in containers {
            let (status, record) = (container.status(), container.record)
            let pid = status == .stopped ? 0 : record.process?.pid ?? 0
            let bundle = record.bundle.escapedControls
            rows.append([record.id, "\(pid)", status.rawValue, bundle, record.created, owner(of: container)])
        }
        return TextTable.text(rows)
    }
}

/// Columns as runc's tables have them: at least 12 wide, three spaces between.
enum TextTable {
    static func text(_ rows: [[String]]) -> String {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(9) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        var text = ""
        for row in rows {
            for (column, cell) in row.enumerated() {
                text += cell
                if column < row.count - 1 { text += String(repeating: " ", count: widths[column] + 3 - cell.count) }
            }
            text += "\n"
        }
        return text
    }
}
