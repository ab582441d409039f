public import LinuxSystem

/// A container or process that could not be started.
public struct LaunchError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What Docker's command line exits with: 125 for the runtime, 126 for a program that cannot be executed, 127 for one
    /// that is not there.
    public var exitCode: Int32
    /// One line: what failed, on which object, why, and what to do.
    public var description: String

    /// A failed start.
    public init(_ description: String, exitCode: Int32 = 125) {
        self.exitCode = exitCode
        self.description = description
    }

    /// A start that whoever asked for it did not see through.
    static let abandoned = LaunchError(
        "cannot start the container: whoever started it has ended, or failed, before its network was there")

    /// A failed start because of a failed call to the kernel.
    public init(_ error: SystemError) {
        self.init(error.description)
    }
}
