import Testing

extension IntegrationTests {
    /// What containers do, as `top` shows it.
    @Suite struct Top {
        @Test func topShowsAContainersProcessesOnly() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--name", "box", "busybox", "sh", "-c", "sleep 1111 & sleep 2222; :")
                try engine("run", "-d", "--name", "other", "busybox", "sleep", "3333")
                #expect(try TestEngine.eventually { try engine("top", "box").lines.count == 4 })
                let lines = try engine("top", "box").lines
                let titles = lines[0].split(separator: " ").map(String.init)
                #expect(titles == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"])
                let first = try engine.inspect("box", "{{.State.Pid}}")
                let rows = lines.dropFirst().map { line in
                    let words = line.split(separator: " ").map(String.init)
                    return words.prefix(7) + [words.dropFirst(7).joined(separator: " ")]
                }
                #expect(Set(rows.map { $0[7] }) == ["sh -c sleep 1111 & sleep 2222; :", "sleep 1111", "sleep 2222"])
                #expect(rows.contains { $0[1] == first } && rows.filter { $0[2] == first }.count == 2, "\(lines)")
                // As the host sees them: nobody's number, and not root.
                #expect(rows.allSatisfy { UInt32($0[0]).map { $0 > 65_536 } ?? false }, "\(lines)")
                let chosen = try engine("top", "box", "-o", "pid,comm")
                #expect(chosen.lines.count == 4 && chosen.output.contains("\(first) "), "\(chosen)")
                #expect(chosen.lines[0].split(separator: " ") == ["PID", "COMMAND"], "\(chosen)")
                try engine.expectRefusal("top", "box", "aux", status: 1, saying: ["aux", "-o"])
                try engine.expectRefusal("top", "box", "-o", "wchan", status: 1, saying: ["wchan", "pid,"])
                // What exec starts is one of them.
                let session = try engine.start("exec", "box", "sleep", "4444")
                #expect(try TestEngine.eventually { try engine("top", "box").output.contains("sleep 4444") })
                try #expect(engine("kill", "box").status == 0)
                _ = session.finish()
                try engine.expectRefusal("top", "box", status: 1, saying: ["not running"])
            }
        }
    }
}
