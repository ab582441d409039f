import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Who starts a container is a service or a session, with whose end all of its processes are killed.
    struct CallerCgroups {
        @Test func whatIsStartedOutlivesTheCallersCgroup() throws {
            try TestEngine.withNetwork { engine, _ in
                // A name of its own: tests of LinuxSystem, in the same process, make nestbox-test-<pid>.
                let cgroup = "\(try CgroupLayout.detect().unified)/nestbox-caller-\(getpid())"
                try #require(mkdir(cgroup, 0o755) == 0, "\(String(cString: strerror(errno)))")
                defer { #expect(TestEngine.eventually { rmdir(cgroup) == 0 }) }
                func inCgroup(_ arguments: String...) throws -> CommandResult {
                    let enter = ["sh", "-c", "echo $$ >\"$0/cgroup.procs\" && exec \"$@\"", cgroup]
                    return try Command.run(enter + engine.command(arguments))
                }
                // With the first container of its network comes a name server.
                let started = try inCgroup(
                    "run", "-d", "--name", "box", "--health-cmd", "true", "--health-interval", "1s", "busybox", "sleep",
                    "100000")
                #expect(started.status == 0, "\(started)")
                let other = try inCgroup("exec", "-d", "box", "sh", "-c", "trap 'echo ended >/end' TERM; sleep 100000")
                #expect(other.status == 0, "\(other)")
                try #expect(TestEngine.read("\(cgroup)/cgroup.procs") == "")
                try FileDescriptor.open("\(cgroup)/cgroup.kill", O_WRONLY).writeAll(Array("1".utf8))
                try #expect(engine.inspect("box", "{{.State.Running}}") == "true")
                try #expect(engine("exec", "box", "nslookup", "box").status == 0)
                let processes = try engine("top", "box").output
                #expect(processes.contains("trap"), "\(processes)")
            }
        }
    }
}
