import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container", under `nestbox-runtime`: row 13, names, ids, cgroupsPath and annotations with `/`,
    /// `..`, control characters, and row 14, hooks and their environment taken from the image.
    @Suite struct RuntimeNames {
        private static let names = [
            "../x", "..", ".", "/..", "a/b", "a/../b", "x y", "a\nb", "a\u{1b}[31m", "a\u{7f}", "ünï", "", "@seccomp",
            String(repeating: "a", count: 256),
        ]

        private static func isClean(_ result: CommandResult) -> Bool {
            (result.output + result.error).unicodeScalars.allSatisfy { scalar in
                scalar == "\n" || scalar.properties.generalCategory != .control
            } && result.error.split(separator: "\n").count <= 1
        }

        @Test func anIDThatIsAPathIsRefused() throws {
            try TestBundle.with("true") { bundle in
                let victim = try bundle.makeFolder("victim")
                try TestRegistry.write("{}", to: "\(victim)/state.json")
                for name in Self.names + ["../../../..\(victim)", victim, "-x"] {
                    for command in [
                        ["create"], ["run"], ["start"], ["state"], ["kill"], ["delete", "--force"], ["pause"],
                        ["resume"],
                        ["ps"], ["events", "--stats"], ["update", "--memory", "1m"],
                    ] {
                        let result = try bundle.run(command + [name])
                        #expect(
                            result.status == 1 && result.output.isEmpty,
                            "\(command) \(name.debugDescription): \(result)")
                        #expect(Self.isClean(result), "\(command) \(name.debugDescription): \(result)")
                    }
                    let exec = try bundle.run(["exec", name, "true"])
                    #expect(exec.status == 255 && Self.isClean(exec), "exec \(name.debugDescription): \(exec)")
                }
                #expect(TestEngine.names(in: victim) == ["state.json"])
                #expect(TestEngine.names(in: bundle.root) == [])
            }
        }

        @Test func aCgroupsPathStaysBelowTheRootsAndIsPlain() throws {
            try TestBundle.with("true") { bundle in
                for path in [
                    "/a\nb", "a b", "/\u{1b}", String(repeating: "x", count: 300),
                    "/" + String(repeating: "a/", count: 2000),
                    "cgroup.procs", "/\(bundle.cgroup)/tasks", "/\(bundle.cgroup)/cgroup.controllers", "/ü", "a*",
                    "a:b:c",
                ] {
                    bundle.configuration.linux?.cgroupsPath = path
                    let result = try bundle("run", "box")
                    #expect(result.status == 1 && Self.isClean(result), "\(path.debugDescription): \(result)")
                }
                // What leads out leads nowhere: the container gets a group below one that is there for it.
                for path in ["/\(bundle.cgroup)/../\(bundle.cgroup)/./box//", "../../\(bundle.cgroup)", "/..", "/"] {
                    bundle.configuration.linux?.cgroupsPath = path
                    bundle.configuration.linux?.namespaces.removeAll { $0.type == .cgroup }
                    let result = try bundle.script("sed -n 's/^0:://p' /proc/self/cgroup")
                    let places = ["/\(bundle.cgroup)/box", "/nestbox-runtime/\(bundle.cgroup)", "/nestbox-runtime/box"]
                    #expect(places.contains(result.line), "\(path): \(result)")
                }
            }
        }

        @Test func textOfAConfigurationDoesNotReachTheTerminal() throws {
            let escape = "\u{1b}]0;owned\u{07}\u{9b}31m\n"
            try TestBundle.with("true") { bundle in
                let configuration = bundle.configuration
                let changes: [(inout RuntimeSpecification) -> Void] = [
                    { $0.process?.args = ["no\(escape)such"] }, { $0.process?.args = ["/bin/\(escape)"] },
                    { $0.process?.cwd = "/etc/passwd/\(escape)" }, { $0.root?.path = "no\(escape)" },
                    { $0.ociVersion = escape }, { $0.linux?.rootfsPropagation = escape },
                    { $0.mounts.append(.init(destination: "/\(escape)", type: escape, source: escape)) },
                    { $0.mounts.append(.init(destination: "/\(escape)", type: "bind", source: "/\(escape)")) },
                    { $0.linux?.sysctl = [escape: escape] }, { $0.linux?.cgroupsPath = escape },
                    { $0.process?.rlimits[0].type = escape },
                    { $0.hooks = .init(createRuntime: [.init(path: "/\(escape)")]) },
                    { $0.hooks = .init(createContainer: [.init(path: "/\(escape)")]) },
                    {
                        $0.hooks = .init(createRuntime: [
                            .init(path: "/bin/sh", args: ["sh", "-c", "printf '\\033[31m'; exit 1"])
                        ])
                    },
                ]
                for (index, change) in changes.enumerated() {
                    bundle.configuration = configuration
                    change(&bundle.configuration)
                    let result = try bundle("run", "box")
                    #expect(result.status == 1 && Self.isClean(result), "change \(index): \(result)")
                }
                bundle.configuration = configuration
                bundle.configuration.process?.capabilities?.bounding = [escape]
                let warned = try bundle("run", "box")
                #expect(warned.error.contains("owned") && Self.isClean(warned), "\(warned)")
                bundle.configuration = configuration
                bundle.configuration.annotations = ["k\(escape)": "v\(escape)"]
                bundle.configuration.process?.args = ["sleep", "1000"]
                try bundle.resident()
                for command in [["state", "box"], ["list"], ["list", "-f", "json"], ["ps", "box"]] {
                    let result = try bundle.run(command)
                    #expect(result.status == 0 && Self.isClean(result), "\(command): \(result)")
                }
                try bundle.remove()
            }
        }

        // MARK: - Row 14

        @Test func hooksOfAnImageAreNotRun() throws {
            try TestBundle.with("true") { bundle in
                let marker = "\(bundle.folder)/hook-ran"
                let hooks: JSONValue = [
                    "version": "1.0.0", "when": ["always": true], "stages": ["prestart", "poststop"],
                    "hook": ["path": "/bin/sh", "args": ["sh", "-c", .string("touch \(marker)")]],
                ]
                var layer = TarArchive()
                for name in [
                    "config.json", "hooks.d/hook.json", "etc/containers/oci/hooks.d/hook.json",
                    "usr/share/containers/oci/hooks.d/hook.json",
                ] { layer.file(name, String(decoding: hooks.serialized(), as: UTF8.self)) }
                try bundle.unpack(layer)
                bundle.configuration.annotations = [
                    "run.oci.hooks": String(decoding: hooks.serialized(), as: UTF8.self),
                    "run.oci.hooks.stdout": marker, "run.oci.hooks.stderr": marker,
                ]
                try bundle.expect("run", "box")
                #expect(access(marker, F_OK) != 0)
            }
        }

        /// Hooks of the host are the host's programs, though the image has others of the same paths.
        @Test func aHookIsTheHostsProgramWithItsOwnEnvironment() throws {
            let image = HostileImage { image in
                for path in ["usr/bin/env", "bin/env"] {
                    image.layer.file(path, "#!/bin/sh\necho of the image\n", mode: 0o755)
                }
            }
            try TestBundle.with(image) { bundle in
                bundle.configuration.process?.env.append("OF=the container")
                func hook(_ name: String) -> [RuntimeSpecification.Hook] {
                    let environment = "$(ls /usr/bin/env /bin/env 2>/dev/null | head -n 1)"
                    let script = "{ \(environment); echo \(name); } > \(bundle.folder)/\(name)"
                    return [.init(path: "/bin/sh", args: ["sh", "-c", script], env: ["A=b"])]
                }
                bundle.configuration.hooks = .init(
                    prestart: hook("1"), createRuntime: hook("2"), createContainer: hook("3"), poststart: hook("4"),
                    poststop: hook("5"))
                let run = try bundle.run(["run", "box"], environment: ["SECRET": "of the caller"])
                #expect(run.status == 0, "\(run)")
                for name in ["1", "2", "3", "4", "5"] {
                    let lines = try TestEngine.read("\(bundle.folder)/\(name)").split(separator: "\n")
                    // PWD and the like are the shell's.
                    let rest = lines.filter {
                        !$0.hasPrefix("PWD=") && !$0.hasPrefix("_=") && !$0.hasPrefix("SHLVL=")
                            && !$0.hasPrefix("OLDPWD=")
                    }
                    #expect(rest == ["A=b", Substring(name)], "\(lines)")
                }
            }
        }

        @Test func aHookThatIsNoAbsolutePathIsRefused() throws {
            try TestBundle.with("true") { bundle in
                let program = "\(bundle.folder)/hook"
                let file = try FileDescriptor.open(program, O_WRONLY | O_CREAT, mode: 0o755)
                try file.writeAll(Array("#!/bin/sh\n: > \(program).ran\n".utf8))
                for path in ["hook", "./hook", "", "rootfs/../hook"] {
                    for hooks in [
                        RuntimeSpecification.Hooks(prestart: [.init(path: path)]),
                        .init(createRuntime: [.init(path: path)]),
                        .init(createContainer: [.init(path: path)]), .init(startContainer: [.init(path: path)]),
                        .init(poststart: [.init(path: path)]), .init(poststop: [.init(path: path)]),
                    ] {
                        bundle.configuration.hooks = hooks
                        let result = try bundle("run", "box")
                        #expect(result.status == 1 && result.error.contains("must be absolute"), "\(path): \(result)")
                    }
                }
                #expect(access("\(program).ran", F_OK) != 0)
            }
        }
    }
}
