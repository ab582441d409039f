import Testing

extension IntegrationTests {
    /// The main job: a real container from a real image.
    @Suite struct Run {
        @Test func outputAndExitCodeAreTheCommands() throws {
            try TestEngine.withBusybox { engine in
                let result = try engine("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 7")
                #expect(result.status == 7)
                #expect(result.output == "out\n")
                #expect(result.error == "err\n")
            }
        }

        @Test(arguments: [("/bin/false", Int32(1)), ("no-such-program", 127), ("/etc/passwd", 126)])
        func exitCodesAreDockers(_ program: String, _ status: Int32) throws {
            try TestEngine.withBusybox { engine in
                try #expect(engine("run", "--rm", "busybox", program).status == status)
            }
        }

        @Test func anInitHandsTheEnvironmentOnAsItIs() throws {
            try TestEngine.withBusybox { engine in
                let plain = try engine("run", "--rm", "busybox", "env").lines.filter { !$0.hasPrefix("HOSTNAME=") }
                let name = "SWIFT_BACKTRACE=enable=yes"
                let other = try engine("run", "--rm", "--init", "-e", name, "busybox", "env").lines
                #expect(other.filter { !$0.hasPrefix("HOSTNAME=") && $0 != name } == plain)
                #expect(other.contains { $0 == name })
            }
        }

        @Test func whatRemovesItselfNeverWaitsForTheDisk() throws {
            try TestEngine.withBusybox { engine in
                let script = "sed -n 's/.* - overlay/overlay:/p' /proc/self/mountinfo; echo x >/f; sync /f"
                let removed = try engine("run", "--rm", "busybox", "sh", "-c", script)
                #expect(removed.status == 0 && removed.output.contains("volatile"), "\(removed)")
                let kept = try engine("run", "--name", "kept", "busybox", "sh", "-c", script)
                #expect(kept.status == 0 && kept.output.contains("overlay:"), "\(kept)")
                #expect(!kept.output.contains("volatile"), "\(kept)")
                try #expect(engine("start", "-a", "kept").status == 0)
            }
        }

        @Test func aSignalsExitCodeIs128PlusItsNumber() throws {
            try TestEngine.withBusybox { engine in
                try #expect(engine("run", "--rm", "busybox", "sh", "-c", "kill -TERM $$").status == 0)
                try #expect(engine("run", "--rm", "--init", "busybox", "sh", "-c", "kill -TERM $$").status == 143)
            }
        }

        @Test func standardInputReachesTheContainer() throws {
            try TestEngine.withBusybox { engine in
                let result = try engine("run", "-i", "--rm", "busybox", "tr", "a-z", "A-Z", input: "hello\n")
                #expect(result.output == "HELLO\n")
                #expect(result.status == 0)
                let without = try engine("run", "--rm", "busybox", "cat", input: "not seen\n")
                #expect(without.output.isEmpty)
            }
        }
    }
}
