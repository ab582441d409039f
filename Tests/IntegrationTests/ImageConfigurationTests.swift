import Testing

extension IntegrationTests {
    /// What the configuration of an image says, and what the command line puts in its place.
    @Suite struct ImageConfigurations {
        private static let image = "example/app:1.0"

        @Test func entryPointCommandUserFolderAndEnvironmentAreTheImages() throws {
            try TestEngine.with(image: "app-docker.tar") { engine in
                try #expect(engine("run", "--rm", Self.image).output.hasPrefix("entrypoint: /bin/id\n"))
                let arguments = try engine(
                    "run", "--rm", Self.image, "sh", "-c",
                    "id -u; id -g; pwd; echo $GREETING; echo $HOME; cat file; ls /etc/issue /var/tmp; cat /etc/motd")
                #expect(
                    arguments.output.hasSuffix(
                        "1000\n50\n/srv/data\nhello world\n/home/app\nfrom the image\n/var/tmp:\nsecond layer\n"),
                    "\(arguments)")
                #expect(arguments.output.hasPrefix("entrypoint: sh -c id"))
                // Another entry point takes the image's command away too; an empty one leaves the command alone.
                let other = try engine(
                    "run", "--rm", "--entrypoint", "/bin/sh", "-e", "GREETING=other", "-w", "/etc", "-u", "nobody",
                    Self.image, "-c", "id -un; pwd; echo $GREETING")
                #expect(other.output == "nobody\n/etc\nother\n", "\(other)")
                let none = try engine("run", "--rm", "--entrypoint", "", Self.image, "echo", "alone")
                #expect(none.output == "alone\n", "\(none)")
                let nothing = try engine("run", "--rm", "--entrypoint", "/bin/echo", Self.image)
                #expect(nothing.output == "\n", "\(nothing)")
            }
        }

        @Test func volumesOfTheImageAreFilledAndGoWithTheContainer() throws {
            try TestEngine.with(image: "app-docker.tar") { engine in
                let script = "cat file; mount | grep -c ' on /srv/data '"
                let result = try engine("run", "--name", "first", "--entrypoint", "sh", Self.image, "-c", script)
                #expect(result.output == "from the image\n1\n", "\(result)")
                let volume = try engine.inspect("first", "{{range .Mounts}}{{.Name}}{{end}}")
                #expect(TestEngine.names(in: "\(engine.root)/volumes").contains(volume))
                // rm keeps the volume, rm -v and --rm remove an anonymous one.
                try engine("rm", "first")
                #expect(TestEngine.names(in: "\(engine.root)/volumes").contains(volume))
                let kept = try engine(
                    "run", "--rm", "-v", "\(volume):/kept", "--entrypoint", "cat", Self.image, "/kept/file")
                #expect(kept.output == "from the image\n", "\(kept)")
                #expect(TestEngine.names(in: "\(engine.root)/volumes").filter { $0.utf8.count == 64 } == [volume])
            }
        }

        @Test func theStopSignalIsTheImages() throws {
            try TestEngine.with(image: "app-docker.tar") { engine in
                let script = "trap 'exit 42' USR1; echo ready; while :; do sleep 0.05; done"
                let cases = [([], "USR1", "SIGUSR1"), (["--stop-signal", "HUP"], "HUP", "HUP")]
                for (flags, signal, name) in cases {
                    let script = script.replacing("USR1", with: signal)
                    let arguments =
                        ["run", "-d", "--name", "app", "--entrypoint", "sh"] + flags + [Self.image, "-c", script]
                    try engine.run(arguments)
                    #expect(try TestEngine.eventually { try engine("logs", "app").output == "ready\n" })
                    try #expect(engine("stop", "app").line == "app")
                    try #expect(
                        engine.inspect("app", "{{.State.ExitCode}} {{.Config.StopSignal}}") == "42 \(name)")
                    try engine("rm", "-v", "app")
                }
            }
        }
    }
}
