import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Fork bomb, memory bomb, disk and inode exhaustion, pty exhaustion.
    @Suite struct RunningBombs {
        /// The inner shell ends when it cannot fork any more; its children wait for a writer that never comes.
        static let bomb = "mkfifo /fifo; sh -c 'while :; do read x < /fifo & done'; echo full; sleep 1000"

        @Test func aForkBombStopsAtTheLimitAndCanBeRemoved() throws {
            try TestEngine.withBusybox { engine in
                let limit = "cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null"
                let value = try engine("run", "--rm", "busybox", "sh", "-c", limit).line
                #expect(Int(value).map { 1...10_000 ~= $0 } == true, "the limit that holds by default is \(value)")

                let options = TestEngine.patience == 1 ? [] : ["--pids-limit", "50"]
                try engine.run(["run", "-d", "--name", "bomb"] + options + ["busybox", "sh", "-c", Self.bomb])
                let isFull = try TestEngine.eventually { try engine("logs", "bomb").output.contains("full") }
                #expect(isFull)
                // No room is left for exec, which says so.
                let refusal = try engine("exec", "bomb", "sh", "-c", "for i in 1 2 3 4 5 6; do sleep 9 & done; wait")
                #expect(refusal.status != 0)
                // The host and other containers have all the processes they want.
                try #expect(engine("run", "--rm", "busybox", "echo", "here").line == "here")
                try #expect(engine("rm", "-f", "bomb").status == 0)
            }
        }

        @Test func aMemoryBombIsKilledInsideItsCgroup() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--name", "neighbour", "busybox", "sleep", "1000")
                let bomb = try engine("run", "--name", "bomb", "--memory", "16m", "busybox", "tail", "/dev/zero")
                #expect(bomb.status == 137)
                try #expect(engine.inspect("bomb", "{{.State.ExitCode}} {{.State.OOMKilled}}") == "137 true")
                try #expect(engine.inspect("neighbour", "{{.State.Running}} {{.State.OOMKilled}}") == "true false")
            }
        }

        @Test func aMemoryBombOfSeveralProcessesIsReported() throws {
            try TestEngine.withBusybox { engine in
                let result = try engine(
                    "run", "--name", "bomb", "--memory", "24m", "busybox", "sh", "-c",
                    "tail /dev/zero & tail /dev/zero & wait; echo survived; exit 3")
                // The kernel takes the largest process; the first one may go on, and its code counts.
                #expect(result.output == "survived\n")
                #expect(result.status == 3)
                try #expect(engine.inspect("bomb", "{{.State.OOMKilled}}") == "true")
            }
        }

        @Test func filesInMemoryCountToTheLimit() throws {
            try TestEngine.withBusybox { engine in
                let result = try engine(
                    "run", "--rm", "--memory", "16m", "--shm-size", "64m", "busybox", "dd", "if=/dev/zero",
                    "of=/dev/shm/file", "bs=1M", "count=60")
                #expect(result.status == 137)
                let limited = try engine(
                    "run", "--rm", "--shm-size", "1m", "busybox", "dd", "if=/dev/zero", "of=/dev/shm/file", "bs=64k",
                    "count=60")
                #expect(limited.status == 1 && limited.error.contains("No space left"), "\(limited)")
            }
        }

        @Test func aTinyMemoryLimitWorks() throws {
            try TestEngine.withBusybox { engine in
                let result = try engine("run", "--name", "tiny", "--memory", "512k", "busybox", "echo", "fits")
                #expect(result.line == "fits", "\(result)")
                #expect(result.status == 0)
                try #expect(engine("run", "--rm", "--memory", "512k", "busybox", "tail", "/dev/zero").status == 137)
            }
        }

        @Test func inodesAndBytesOfATemporaryFileSystemAreBounded() throws {
            try TestEngine.withBusybox { engine in
                let result = try engine(
                    "run", "--rm", "--tmpfs", "/scratch:size=64k", "busybox", "sh", "-c",
                    "i=0; while [ $i -lt 200 ]; do dd if=/etc/passwd of=/scratch/$i 2>/dev/null || exit 9; i=$((i + 1)); done"
                )
                #expect(result.status == 9, "\(result)")
            }
        }

        @Test func oneContainerCannotTakeEveryTerminal() throws {
            try TestEngine.withBusybox { engine in
                // paste opens all its files before it reads the first.
                try engine(
                    "run", "-d", "--name", "hog", "--ulimit", "nofile=1024", "busybox", "sh", "-c",
                    """
                    paste $(yes /dev/ptmx | head -n 900) &
                    until [ $(ls /dev/pts | wc -l) -gt 800 ]; do sleep 0.1; done
                    for n in 1 2 3 4; do paste $(yes /dev/ptmx | head -n 900) & done
                    sleep 2; ls /dev/pts | wc -l; sleep 1000
                    """)
                var taken = 0
                _ = try TestEngine.eventually {
                    taken = Int(try engine("logs", "hog").lines.last ?? "") ?? 0
                    return taken > 0
                }
                #expect(taken > 100 && taken <= 1026, "\(taken) terminals")
                try #expect(engine("run", "--rm", "-t", "busybox", "tty").line.hasPrefix("/dev/pts/"))
                let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
                #expect(terminal >= 0)
                close(terminal)
            }
        }
    }
}
