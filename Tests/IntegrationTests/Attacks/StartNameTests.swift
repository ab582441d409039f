import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container", row 13: names, ids and labels with `/`, `..`, control characters; and row 14:
    /// hooks and their environment taken from the image.
    @Suite struct StartNames {
        private static let names = [
            "../x", "..", "/..", "a/b", "a/../b", ".hidden", "-x", "x y", "a\nb", "a\u{1b}[31m", "a\u{7f}", "ünï", "x",
            String(repeating: "a", count: 256),
        ]

        @Test func aNameThatIsAPathIsRefused() throws {
            try TestEngine.with { engine in
                for name in Self.names {
                    let result = try engine("create", "--name=\(name)", "busybox", "true")
                    #expect(result.status == 125 && result.output.isEmpty, "\(name.debugDescription): \(result)")
                }
                for option in ["--hostname", "--domainname"] {
                    for name in ["../x", "a\nb", "a b", "a\u{1b}", String(repeating: "a", count: 65)] {
                        let result = try engine("create", "\(option)=\(name)", "busybox", "true")
                        #expect(result.status == 125, "\(option) \(name.debugDescription): \(result)")
                    }
                }
                for volume in ["a/../b:/y", ".x:/y", "a\nb:/y", "-x:/y", "a:/", "a:y", "a:../y"] {
                    let result = try engine("create", "--volume=\(volume)", "busybox", "true")
                    #expect(result.status == 125, "\(volume.debugDescription): \(result)")
                }
                let mount = try engine("create", "--mount=type=volume,source=../x,target=/y", "busybox", "true")
                #expect(mount.status == 125, "\(mount)")
                for label in ["--label==x", "--annotation==x"] {
                    try #expect(engine("create", label, "busybox", "true").status == 125)
                }
                try #expect(engine("ps", "-aq").output.isEmpty)
                #expect(TestEngine.names(in: engine.folder) == ["root"])
            }
        }

        /// Who names a container by a path reaches no file of that path.
        @Test func anIDThatIsAPathFindsNothing() throws {
            try TestEngine.with { engine in
                let victim = try engine.makeFolder("root/victim")
                try FileDescriptor.open("\(victim)/record.json", O_WRONLY | O_CREAT).writeAll(Array("{}".utf8))
                for name in ["../victim", "../containers/../victim", "..", ".", "/", victim, "../victim\n"] {
                    for command in [["rm", "-f"], ["inspect"], ["logs"], ["start"], ["stop"], ["exec"]] {
                        let result = try engine.run(
                            command + [name] + (command == ["exec"] ? ["true"] : []))
                        #expect(result.error.contains("no such"), "\(command) \(name): \(result)")
                    }
                }
                #expect(access("\(victim)/record.json", F_OK) == 0)
            }
        }

        /// What an image says must not steer the terminal of whoever runs it.
        @Test func textOfAnImageDoesNotReachTheTerminal() throws {
            let escape = "\u{1b}]0;owned\u{07}\u{9b}31m"
            let image = HostileImage { image in
                image.config["Entrypoint"] = .array([.string("/bin/\(escape)")])
                image.config["Labels"] = .object(["k\(escape)": .string("v\(escape)")])
            }
            try TestEngine.with(hostile: image) { engine in
                func isClean(_ result: CommandResult) -> Bool {
                    (result.output + result.error).unicodeScalars.allSatisfy { scalar in
                        scalar == "\n" || scalar.properties.generalCategory != .control
                    }
                }
                let failed = try engine("run", "--name", "resident", "hostile")
                #expect(failed.status == 127 && isClean(failed), "\(failed)")
                for arguments in [["ps", "-a", "--no-trunc"], ["inspect", "resident"], ["images"]] {
                    let result = try engine.run(arguments)
                    #expect(result.status == 0 && isClean(result), "\(arguments): \(result)")
                }
                let unknown = try engine("run", "no\(escape)such", "true")
                #expect(unknown.status == 125 && isClean(unknown), "\(unknown)")
            }
        }

        /// Row 14: what an image calls hooks, in any place that a runtime might read, runs nowhere.
        @Test func hooksOfAnImageAreNotRun() throws {
            try TestEngine.with { engine in
                let marker = "\(engine.folder)/hook-ran"
                let hook: JSONValue = ["path": "/bin/sh", "args": ["sh", "-c", .string("touch \(marker)")]]
                let hooks: JSONValue = .object(
                    Dictionary(
                        uniqueKeysWithValues: ["prestart", "createRuntime", "createContainer", "poststart"].map {
                            ($0, [hook])
                        }
                    ).reduce(into: JSONObject()) { $0[$1.key] = $1.value })
                try HostileImage { image in
                    image.config["Hooks"] = hooks
                    image.config["hooks"] = hooks
                    image.members["hooks"] = hooks
                    image.config["Labels"] = .object([
                        "run.oci.hooks": .string(String(decoding: hooks.serialized(), as: UTF8.self))
                    ])
                    image.layer.file("config.json", String(decoding: hooks.serialized(), as: UTF8.self))
                    image.layer.file("hooks.d/hook.json", String(decoding: hooks.serialized(), as: UTF8.self))
                }.load(into: engine)
                let result = try engine("run", "--rm", "hostile", "test", "-e", marker)
                #expect(result.status == 1, "\(result)")
                #expect(access(marker, F_OK) != 0)
            }
        }
    }
}
