/// A command line that cannot be understood.
struct UsageError: Error, CustomStringConvertible {
    /// What is wrong with it.
    var reason: String
    /// The command whose help says more; nil: the program's own.
    var command: String?
    /// The flag that it is about, where its name may be wrong.
    var flag: String?

    init(_ reason: String, command: String? = nil, flag: String? = nil) {
        self.reason = reason
        self.flag = flag
        self.command = command
    }

    var description: String {
        let words = ["nestbox", command].compactMap { $0 }.joined(separator: " ")
        return "\(reason); run '\(words) --help' for what is accepted"
    }
}

/// A failure whose text says it all, and the code that the program ends with.
struct CommandFailure: Error, CustomStringConvertible {
    var description: String
    var exitCode: Int32

    init(_ description: String, exitCode: Int32) {
        self.description = description
        self.exitCode = exitCode
    }
}
