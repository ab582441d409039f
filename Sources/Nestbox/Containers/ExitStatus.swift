/// How a container's, or an executed, process has ended.
public struct ExitStatus: Sendable, Hashable, CustomStringConvertible {
    /// The exit code, 128 + n for a process that signal n ended.
    public let code: Int32
    /// The kernel killed a process of the container because its memory was used up.
    ///
    /// Not told of executed processes.
    public let isOutOfMemory: Bool

    /// An exit code, and whether memory was the reason.
    public init(code: Int32, isOutOfMemory: Bool = false) {
        self.code = code
        self.isOutOfMemory = isOutOfMemory
    }

    /// Whether the process says that all went well.
    public var isSuccess: Bool { code == 0 }

    /// One clause, for example `exit code 137, out of memory`.
    public var description: String { "exit code \(code)" + (isOutOfMemory ? ", out of memory" : "") }
}
