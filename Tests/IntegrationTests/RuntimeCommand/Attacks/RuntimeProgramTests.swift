import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container", row 1, under `nestbox-runtime`: overwriting the runtime through
    /// `/proc/self/exe` (CVE-2019-5736).
    @Suite struct RuntimeProgram {
        private static let image = HostileImage { image in
            image.layer.file("entry", "#!/proc/self/exe\n", mode: 0o755)
            image.layer.symlink("link", to: "/proc/self/exe")
        }

        @Test(arguments: Users.allCases)
        func aCommandThatIsTheRuntimeHarmsNobody(_ users: Users) throws {
            try TestBundle.with(Self.image, users) { bundle in
                let before = try FileIdentity(bundle.program)
                for program in ["/proc/self/exe", "/entry", "/link"] {
                    bundle.configuration.process?.args = [program]
                    let result = try bundle("run", "box")
                    #expect(result.status == 1 && result.output.isEmpty, "\(program): \(result)")
                }
                try #expect(FileIdentity(bundle.program) == before)
            }
        }

        /// The attack itself: a process waits for the runtime to appear in the container and writes to its program.
        @Test(arguments: Users.allCases)
        func theProgramOfAJoiningProcessCannotBeWritten(_ users: Users) throws {
            try TestBundle.with(Self.image, users) { bundle in
                let before = try FileIdentity(bundle.program)
                try bundle.resident(
                    """
                    while [ ! -e /stop ]; do
                      for process in /proc/[0-9]*; do
                        [ $process = /proc/1 ] && continue
                        { echo pwned > $process/exe; } 2>/dev/null && : > /success
                      done
                    done
                    """)
                for _ in 0..<5 {
                    try #expect(bundle("exec", "box", "/entry").status == 1)
                    try #expect(bundle("exec", "box", "/proc/self/exe").status == 1)
                }
                #expect(access("\(bundle.folder)/rootfs/success", F_OK) != 0)
                try #expect(FileIdentity(bundle.program) == before)
                try bundle.remove()
            }
        }

        /// Between `create` and `start` process 1 is the runtime itself, and `exec` gets in.
        @Test(arguments: Users.allCases)
        func theProgramOfAWaitingProcessCannotBeWritten(_ users: Users) throws {
            try TestBundle.with(Self.image, users) { bundle in
                let before = try FileIdentity(bundle.program)
                try bundle.resident(command: ["create"])
                let script = """
                    \(StartProgram.overwriting("/proc/1/exe"))
                    for file in /proc/1/mem /proc/1/fd/*; do { true > $file; } 2>/dev/null && echo $file; done
                    { read line < /proc/1/environ; } 2>/dev/null && echo environment
                    cd /proc/1/root 2>/dev/null && echo root
                    cd /proc/1/cwd 2>/dev/null && echo folder
                    true
                    """
                for options in [[], ["--cap", "CAP_SYS_ADMIN"]] {
                    let exec = try bundle.run(["exec"] + options + ["box", "sh", "-c", script])
                    #expect(exec.status == 0 && exec.output.isEmpty, "\(exec)")
                }
                try #expect(FileIdentity(bundle.program) == before)
                try bundle.expect("start", "box")
                try bundle.remove()
            }
        }

        /// Swift's own runtime answers a crash by a program `swift-backtrace`, and looks for it where it takes this one to be.
        @Test(arguments: [SIGSEGV, SIGILL, SIGBUS, SIGABRT, SIGFPE, SIGTRAP])
        func aCrashRunsNothingOfTheWorkingFolder(_ signal: Int32) throws {
            try TestBundle.with("true") { bundle in
                let marker = "\(bundle.folder)/ran"
                for folder in ["", "bin/", "libexec/", "libexec/swift/", "libexec/swift/linux/"] {
                    if !folder.isEmpty { _ = try bundle.makeFolder(folder) }
                    let file = try FileDescriptor.open(
                        "\(bundle.folder)/\(folder)swift-backtrace", O_WRONLY | O_CREAT, mode: 0o755)
                    try file.writeAll(Array("#!/bin/sh\n: > \(marker)\n".utf8))
                }
                bundle.configuration.process?.args = ["sh", "-c", "echo up; sleep 1000"]
                try bundle.write()
                let run = try Command(bundle.command(["run", "box"]))
                run.read { $0.contains("up") }
                run.signal(signal)
                // The container's process outlives it, and holds the streams.
                try bundle.remove()
                #expect(run.finish(seconds: 10).status == 128 + signal)
                #expect(access(marker, F_OK) != 0)
            }
        }
    }
}
