internal import Nestbox
internal import OCISpec

/// What commands that inspect several things print.
enum Inspection {
    /// Shows a value for each name, as one array or as `--format` says; one that fails does not keep the others from their turn.
    ///
    /// - Returns: the program's exit code.
    static func show(_ names: [String], format: String?, _ look: (String) throws -> JSONValue) throws -> Int32 {
        let template = try format.flatMap { $0.isEmpty ? nil : try Template(parsing: $0 == "json" ? "{{json .}}" : $0) }
        var found: [JSONValue] = []
        let code = try Each.of(names) { name in
            let value = try look(name)
            if let template {
                try StandardOutput.line(try template.render(value))
            } else {
                found.append(value)
            }
        }
        // As in Docker, what was found is printed even when something else was not.
        if template == nil { try StandardOutput.write(JSONValue.array(found).inspectText) }
        return code
    }
}
