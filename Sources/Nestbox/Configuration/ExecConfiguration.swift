/// How many characters a terminal shows.
public struct TerminalSize: Sendable, Hashable {
    /// Lines.
    public var rows: UInt16
    /// Characters in a line.
    public var columns: UInt16

    /// A size.
    public init(rows: UInt16, columns: UInt16) {
        self.rows = rows
        self.columns = columns
    }
}

/// What a caller asks for when it runs one more process in a container.
public struct ExecConfiguration: Sendable, Hashable {
    /// The command and its arguments; never empty.
    public var command: [String]
    /// `NAME=value` entries that are added to the container's; one without `=` removes the container's variable.
    public var environment: [String]
    /// The working directory; nil: the container's.
    public var workingDirectory: String?
    /// `name|uid[:group|gid]`; nil: the container's.
    public var user: String?
    /// Keep standard input open (`-i`).
    public var interactive: Bool
    /// Give the process a pseudo terminal (`-t`).
    public var tty: Bool
    /// The pseudo terminal's size from the start; nil: none until a client sends one.
    public var terminalSize: TerminalSize?
    /// Give the process all capabilities and no seccomp filter.
    public var privileged: Bool
    /// Do not wait for it.
    public var detach: Bool

    /// A process with the container's own settings.
    public init(command: [String]) {
        self.command = command
        environment = []
        interactive = false
        tty = false
        privileged = false
        detach = false
    }
}
