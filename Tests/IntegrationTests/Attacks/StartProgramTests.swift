import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container", row 1: overwriting the runtime through `/proc/self/exe` (CVE-2019-5736).
    @Suite struct StartProgram {
        /// Ways to write to a program that another process runs; each prints where it succeeded.
        static func overwriting(_ program: String) -> String {
            """
            { echo pwned > \(program); } 2>/dev/null && echo truncated
            { echo pwned >> \(program); } 2>/dev/null && echo appended
            { echo pwned 1<>\(program); } 2>/dev/null && echo opened
            dd if=/bin/busybox of=\(program) conv=notrunc 2>/dev/null && echo overwritten
            chmod 777 \(program) 2>/dev/null && echo mode changed
            chown 1000 \(program) 2>/dev/null && echo owner changed
            mount -o remount,rw \(program) 2>/dev/null && echo remounted
            mount --bind /bin/busybox \(program) 2>/dev/null && echo covered
            """
        }

        /// `--init` keeps the runtime's own program running in the container as process 1.
        @Test(arguments: [["--userns=private"], ["--userns=host"], ["--userns=private", "--cap-add=SYS_ADMIN"]])
        func theInitsProgramCannotBeWritten(_ options: [String]) throws {
            try TestEngine.withBusybox { engine in
                let before = try FileIdentity(TestEngine.runtimePath())
                let script = "readlink /proc/1/exe; " + Self.overwriting("/proc/1/exe")
                let result = try engine.run(["run", "--rm", "--init"] + options + ["busybox", "sh", "-c", script])
                #expect(result.line.hasSuffix("/nestbox-runtime"), "\(result)")
                try #expect(FileIdentity(TestEngine.runtimePath()) == before)
            }
        }

        @Test func notEvenPrivilegedCanTheInitsProgramBeWritten() throws {
            try TestEngine.withBusybox { engine in
                let before = try FileIdentity(TestEngine.runtimePath())
                let script = """
                    { echo pwned > /proc/1/exe; } 2>/dev/null && echo truncated
                    dd if=/bin/busybox of=/proc/1/exe conv=notrunc 2>/dev/null && echo overwritten
                    mount -o remount,rw /proc/1/exe 2>/dev/null && echo remounted
                    """
                let result = try engine.script(script, "--init", "--privileged")
                #expect(result.output.isEmpty, "\(result)")
                try #expect(FileIdentity(TestEngine.runtimePath()) == before)
            }
        }

        /// The command is the runtime itself: as `/proc/self/exe`, or as the interpreter that a script names.
        @Test(arguments: Users.allCases)
        func aCommandThatIsTheRuntimeHarmsNobody(_ users: Users) throws {
            let image = HostileImage { image in
                image.layer.file("entry", "#!/proc/self/exe\n", mode: 0o755)
                image.layer.symlink("link", to: "/proc/self/exe")
            }
            try TestEngine.with(hostile: image) { engine in
                let before = try FileIdentity(TestEngine.runtimePath())
                for program in ["/proc/self/exe", "/entry", "/link"] {
                    let result = try engine("run", "--rm", users.option, "hostile", program)
                    // It runs as what it is, with the container's own rights, and finds no command of its own to carry out.
                    #expect(result.status == 1, "\(program): \(result)")
                    #expect(result.error.hasPrefix("nestbox-runtime: "), "\(program): \(result)")
                }
                try #expect(FileIdentity(TestEngine.runtimePath()) == before)
            }
        }

        /// The attack itself: a second process waits for the runtime to appear in the container and writes to its program.
        @Test(arguments: Users.allCases)
        func theProgramOfAJoiningProcessCannotBeWritten(_ users: Users) throws {
            let image = HostileImage { $0.layer.file("entry", "#!/proc/self/exe\n", mode: 0o755) }
            try TestEngine.with(hostile: image) { engine in
                let before = try FileIdentity(TestEngine.runtimePath())
                let loop = """
                    while [ ! -e /stop ]; do
                      for process in /proc/[0-9]*; do
                        [ $process = /proc/1 ] && continue
                        { echo pwned > $process/exe; } 2>/dev/null && : > /success
                      done
                    done
                    """
                let name = try engine.resident(image: "hostile", users.option, script: loop)
                for _ in 0..<5 {
                    try #expect(engine("exec", name, "/entry").status == 1)
                    try #expect(engine("exec", name, "/proc/self/exe").status == 1)
                }
                try #expect(engine("exec", name, "test", "-e", "/success").status == 1)
                try #expect(FileIdentity(TestEngine.runtimePath()) == before)
            }
        }

        /// With the host's PID namespace the supervisor is in sight.
        @Test func theSupervisorCannotBeReachedFromTheHostsProcesses() throws {
            try TestEngine.withBusybox { engine in
                let before = try FileIdentity(TestEngine.runtimePath())
                let script = """
                    for process in /proc/[0-9]*; do
                      read name < $process/comm 2>/dev/null
                      [ "$name" = nestbox-runtime ] || continue
                      echo seen
                      line=
                      read line 2>/dev/null < $process/maps; [ -z "$line" ] || echo maps
                      read line 2>/dev/null < $process/environ; [ -z "$line" ] || echo environ
                      { true < $process/fd/0; } 2>/dev/null && echo descriptor
                      { true > $process/exe; } 2>/dev/null && echo program
                      { true > $process/mem; } 2>/dev/null && echo memory
                      cd $process/root 2>/dev/null && echo root
                      cd $process/cwd 2>/dev/null && echo cwd
                    done
                    """
                let result = try engine.script(script, "--pid=host")
                #expect(!result.lines.isEmpty && result.lines.allSatisfy { $0 == "seen" }, "\(result)")
                try #expect(FileIdentity(TestEngine.runtimePath()) == before)
            }
        }
    }
}
