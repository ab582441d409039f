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
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, pipe.second, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Signals that the caller blocks or ignores must not stay so in what goes on running.
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var pid: pid_t = 0
        let error = posix_spawn(&pid, program, &actions, &attributes, &words, &environment)
        close(pipe.second)
        guard error == 0 else { throw SystemError("start", program, Errno(error)) }
        let output = (try? reader.readAll(limit: 1 << 16)) ?? []
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && Errno.current == .interrupted {}
        let lines = String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline)
        return (status, lines.filter { !$0.isEmpty }.joined(separator: "; "))
    }
}
