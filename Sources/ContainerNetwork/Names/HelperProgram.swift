internal import Glibc
internal import LinuxSystem

/// Runs another program to its end.
enum HelperProgram {
    /// Runs a program without an environment.
    ///
    /// - Returns: its status as waitpid(2) gives it, and what it has written to standard error, in one line.
    /// - Throws: `SystemError` when it cannot be started.
    static func run(_ program: String, _ arguments: [String]) throws(SystemError) -> (status: Int32, message: String) {
        let pipe = try DescriptorPair.pipe().release()
        let reader = FileDescriptor(owning: pipe.first)
        let writer = FileDescriptor(owning: pipe.second)
        let null = try FileDescriptor.open("/dev/null", O_RDWR)
        var command = HostProgram(program, [program] + arguments)
        command.descriptors = [null.rawValue, null.rawValue, writer.rawValue]
        command.leavesCgroup = true
        let pid = try command.spawn()
        // Our copy of that end must go, or the end never comes.
        _ = consume writer
        let output = (try? reader.readAll(limit: 1 << 16)) ?? []
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && Errno.current == .interrupted {}
        let lines = String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline)
        return (status, lines.filter { !$0.isEmpty }.joined(separator: "; "))
    }
}
