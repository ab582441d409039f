internal import ArgumentParser
internal import OCISpec

/// The flags of a command as ArgumentParser describes them, for errors and tests: too slow for every start.
enum FlagNames {
    /// Every flag with its dashes.
    static func of(_ type: any NestboxCommand.Type) -> Set<String> {
        Set(descriptions(of: type).flatMap { $0.names } + ["--help"])
    }

    /// The flags without a value: their long names and letters.
    static func switches(of type: any NestboxCommand.Type) -> [Set<String>] {
        descriptions(of: type).filter { $0.isSwitch }.map { Set($0.names) }
    }

    private static func descriptions(of type: any NestboxCommand.Type) -> [(names: [String], isSwitch: Bool)] {
        let dump = try? JSONValue(parsing: Array(type._dumpHelp().utf8))
        return (dump?["command"]?["arguments"]?.arrayValue ?? []).compactMap { argument in
            let kind = argument["kind"]?.stringValue
            guard kind == "option" || kind == "flag" else { return nil }
            let names = (argument["names"]?.arrayValue ?? []).compactMap { name -> String? in
                guard let text = name["name"]?.stringValue else { return nil }
                return (name["kind"]?.stringValue == "short" ? "-" : "--") + text
            }
            return (names, kind == "flag")
        }
    }
}
