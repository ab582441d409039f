internal import Nestbox

/// The flags that stand before the command's name.
struct GlobalOptions: Equatable {
    var root: String?
    var runRoot: String?

    /// The flags that take a value.
    private static let valued: Set<String> = ["root", "run-root"]

    /// Takes the global flags off the front of a command line.
    ///
    /// - Throws: `UsageError`.
    static func split(_ arguments: [String]) throws(UsageError) -> (GlobalOptions, rest: ArraySlice<String>) {
        var options = GlobalOptions()
        var rest = arguments[...]
        while let argument = rest.first, argument.hasPrefix("--") {
            let parts = argument.dropFirst(2).utf8.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false
            ).map { String(decoding: $0, as: UTF8.self) }
            guard valued.contains(parts[0]) else { break }
            rest.removeFirst()
            guard let value = parts.count == 2 ? parts[1] : rest.popFirst(), !value.isEmpty else {
                throw UsageError("the flag --\(parts[0]) needs a value")
            }
            if parts[0] == "root" { options.root = value } else { options.runRoot = value }
        }
        return (options, rest)
    }

    /// An engine for the places that the flags, or else the environment, name.
    ///
    /// - Throws: `EngineError`.
    func engine() throws(EngineError) -> Engine { try Engine(configuration: configuration) }

    /// The places that the flags, or else the environment, name.
    var configuration: EngineConfiguration {
        var configuration = EngineConfiguration()
        if let root = root ?? Self.setting("NESTBOX_ROOT") { configuration.root = root }
        if let runRoot = runRoot ?? Self.setting("NESTBOX_RUN_ROOT") { configuration.runRoot = runRoot }
        configuration.runtime = Self.setting("NESTBOX_RUNTIME")
        return configuration
    }

    private static func setting(_ name: String) -> String? {
        Caller.variable(name).flatMap { $0.isEmpty ? nil : $0 }
    }
}
