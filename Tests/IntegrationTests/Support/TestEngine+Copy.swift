import Glibc
import Testing

extension TestEngine {
    /// A container `box` with some files below /d; one that has ended, or one that runs.
    func makeBox(running: Bool, with flags: [String] = []) throws {
        let script = """
            mkdir -p /d/sub /t/folder && echo one >/d/one && echo two >/d/sub/two && ln -s one /d/link && ln -s d /dl
            echo old >/t/file; chown 7:8 /d/one; chmod 4711 /d/one; touch /made
            """
        let rest = running ? "; exec sleep 1000" : ""
        let result = try run(
            ["run"] + (running ? ["-d"] : []) + ["--name", "box"] + flags + ["busybox", "sh", "-c", script + rest])
        try #require(result.status == 0, "\(result)")
        guard running else { return }
        try #require(Self.eventually { try self("exec", "box", "ls", "/made").status == 0 })
    }

    /// A folder of the host with the same files as `box` has below /d, and empty places to copy to.
    func makeHostFiles() throws {
        for name in ["d", "d/sub", "t", "t/folder"] { mkdir("\(folder)/\(name)", 0o755) }
        _ = try file("d/one", text: "one\n")
        _ = try file("d/sub/two", text: "two\n")
        symlink("one", "\(folder)/d/link")
        symlink("d", "\(folder)/dl")
        _ = try file("t/file", text: "old\n")
    }

    /// What `cp PATH -` and tar say is there: each file's kind, owner, name and what a link says, but for its size and time.
    func listing(_ path: String) throws -> [String] {
        let words = command(["cp", path, "-"]).map { "'\($0)'" }.joined(separator: " ")
        let result = try Command.run(["sh", "-c", "\(words) | tar --numeric-owner -tvf -"])
        try #require(result.status == 0, "\(result)")
        return result.lines.map { line in
            let parts = line.split(separator: " ", omittingEmptySubsequences: true)
            return (parts.prefix(2) + parts.dropFirst(5)).joined(separator: " ")
        }
    }

    /// The text of a file of a container, by `cp`.
    func text(_ path: String) throws -> String {
        let words = command(["cp", path, "-"]).map { "'\($0)'" }.joined(separator: " ")
        return try Command.run(["sh", "-c", "\(words) | tar -xOf -"]).output
    }

    /// The text of a file below the test's own folder; nil when there is none.
    func hostText(_ name: String) -> String? { try? Self.read("\(folder)/\(name)") }
}
