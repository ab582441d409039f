import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `nestbox volume`: what is made, listed, described, removed and kept.
    @Suite struct VolumeCommands {
        @Test func aVolumeIsMadeListedDescribedAndRemoved() throws {
            try TestEngine.withBusybox { engine in
                let made = try engine("volume", "create", "--label", "tier=front", "-d", "local", "data")
                #expect(made.output == "data\n", "\(made)")
                // Again is no error, and changes nothing.
                try #expect(engine("volume", "create", "--label", "tier=back", "data").output == "data\n")
                let random = try engine("volume", "create", "--label", "x").line
                #expect(random.utf8.count == 64 && random.allSatisfy(\.isHexDigit), "\(random)")

                let table = try engine("volume", "ls").lines
                #expect(table.first == "DRIVER    VOLUME NAME", "\(table)")
                #expect(Set(table.dropFirst()) == ["local     data", "local     \(random)"], "\(table)")
                for (filter, expected) in [
                    ("name=at", ["data"]), ("name=nosuch", []), ("label=tier", ["data"]),
                    ("label=tier=front", ["data"]),
                    ("label=tier=back", []), ("label=x", [random]), ("driver=local", ["data", random]),
                    ("driver=other", []), ("dangling=true", ["data", random]), ("dangling=false", []),
                ] {
                    let listed = try engine("volume", "list", "-q", "--filter", filter)
                    #expect(Set(listed.lines.map(String.init)) == Set(expected), "\(filter): \(listed)")
                }
                let formatted = try engine(
                    "volume", "ls", "--filter", "name=data", "--format",
                    #"{{.Name}} {{.Driver}} {{.Scope}} {{.Labels}} {{.Label "tier"}}"#)
                #expect(formatted.output == "data local local tier=front front\n", "\(formatted)")
                let json = try engine("volume", "ls", "--filter", "name=data", "--format", "json").output
                #expect(json.contains(#""Name":"data""#) && json.contains(#""Labels":"tier=front""#), "\(json)")

                let text = try engine("volume", "inspect", "data").output
                let told = try #require(try JSONValue(parsing: Array(text.utf8))[0])
                #expect(told["Name"]?.stringValue == "data" && told["Driver"]?.stringValue == "local", "\(text)")
                #expect(told["Scope"]?.stringValue == "local" && told["Options"] == .null, "\(text)")
                #expect(told["Mountpoint"]?.stringValue == "\(engine.root)/volumes/data/_data", "\(text)")
                #expect(told["Labels"]?["tier"]?.stringValue == "front", "\(text)")
                _ = try Timestamp(try #require(told["CreatedAt"]?.stringValue))
                try #expect(engine("volume", "inspect", "-f", "{{.Name}}", "data", "nosuch").output == "data\n")

                try #expect(engine("volume", "rm", "data", random).output == "data\n\(random)\n")
                try #expect(engine("volume", "ls", "-q").output.isEmpty)
                let missing = try engine("volume", "rm", "data")
                #expect(missing.status == 1 && missing.error.contains("no such volume: data"), "\(missing)")
                try #expect(engine("volume", "rm", "-f", "data").status == 0)
                try #expect(engine("volume", "inspect", "data").status == 1)
                #expect(TestEngine.names(in: "\(engine.root)/volumes").isEmpty)
            }
        }

        @Test(arguments: [
            ["create", "../up"], ["create", "-l"], ["create", "x"], ["create", "a b"], ["create", "-d", "nfs", "data"],
            ["create", "--label", "=x", "data"], ["ls", "--filter", "size=1"], ["ls", "--filter", "dangling=perhaps"],
            ["prune", "-f", "--filter", "until=1h"], ["rm", ".."], ["rm"], ["inspect", "../volumes"], ["nosuch"],
        ]) func whatIsWrongIsRefused(_ arguments: [String]) throws {
            try TestEngine.withBusybox { engine in
                let result = try engine.run(["volume"] + arguments)
                #expect(result.status != 0 && result.error.split(separator: "\n").count == 1, "\(result)")
                #expect(TestEngine.names(in: "\(engine.root)/volumes").isEmpty)
            }
        }

        @Test func aVolumeStaysWhileAnyContainerUsesIt() throws {
            try TestEngine.withBusybox { engine in
                try engine("volume", "create", "--label", "keep=me", "data")
                try engine("run", "-d", "--name", "runs", "-v", "data:/d", "busybox", "sleep", "1000")
                try engine("create", "--name", "waits", "-v", "data:/d:ro", "busybox", "true")
                try #expect(engine("volume", "ls", "-q", "--filter", "dangling=false").output == "data\n")
                for name in ["runs", "waits"] {
                    let id = try engine.inspect(name, "{{.Id}}")
                    for force in [[], ["-f"]] {
                        let refused = try engine.run(["volume", "rm"] + force + ["data"])
                        #expect(refused.status == 1 && refused.output.isEmpty, "\(refused)")
                        #expect(refused.error.contains("\(name) (\(id.prefix(12)))"), "\(refused)")
                    }
                    try #expect(engine("rm", "-f", "-v", name).status == 0)
                }
                // Whoever used it has not changed what was noted of it.
                try #expect(engine("volume", "inspect", "-f", "{{.Labels.keep}}", "data").line == "me")
                try #expect(engine("volume", "rm", "data").output == "data\n")
                #expect(TestEngine.names(in: "\(engine.root)/volumes").isEmpty)
            }
        }

        @Test func theFirstContainersImageFillsAVolumeThatWasMadeBefore() throws {
            try TestEngine.withBusybox { engine in
                try engine("volume", "create", "home")
                let first = try engine.shell("stat -c %u:%g /home/app", with: ["-v", "home:/home/app"])
                #expect(first.output == "1000:1000\n", "\(first)")
                // Only the first: one that was emptied later stays empty, also for another image's folder.
                let second = try engine.shell("ls /etc/group; stat -c %u:%g /etc", with: ["-v", "home:/etc"])
                #expect(second.status == 0 && second.output == "1000:1000\n", "\(second)")
                // And not over files that somebody has put there.
                try engine("volume", "create", "given")
                let folder = try engine("volume", "inspect", "-f", "{{.Mountpoint}}", "given").line
                try AtomicFile.write(Array("mine\n".utf8), to: "\(folder)/file", mode: 0o644)
                let third = try engine.shell("ls /etc; cat /etc/file", with: ["-v", "given:/etc:rw"])
                #expect(third.lines.contains("mine") && !third.lines.contains("group"), "\(third)")
                // Nor where the container does not want it.
                try engine("volume", "create", "plain")
                try #expect(engine.shell("ls -A /etc/group", with: ["-v", "plain:/etc:nocopy"]).status == 1)
            }
        }

        @Test func pruneLeavesWhatIsUsedOrNamed() throws {
            try TestEngine.withBusybox { engine in
                func names() throws -> Set<String> { Set(try engine("volume", "ls", "-q").lines.map(String.init)) }
                try engine("volume", "create", "--label", "a=1", "named")
                try engine("volume", "create", "other")
                let loose = try engine("volume", "create").line
                let box = try engine("create", "-v", "/data", "-v", "used:/used", "busybox", "true").line
                let held = try #require(try names().subtracting(["named", "other", "used", loose]).first)
                // What a removed container leaves of its own.
                let folder = try engine("volume", "inspect", "-f", "{{.Mountpoint}}", loose).line
                try FileDescriptor.open("\(folder)/file", O_WRONLY | O_CREAT, mode: 0o600)
                    .writeAll([UInt8](repeating: 1, count: 1_200_000))

                let declined = try engine("volume", "prune", input: "n\n")
                #expect(
                    declined.output.hasSuffix("Are you sure you want to continue? [y/N] ")
                        && declined.output.contains("anonymous local volumes"), "\(declined)")
                try #expect(names().contains(loose))
                let accepted = try engine("volume", "prune", input: "y\n")
                #expect(
                    accepted.output.hasSuffix(
                        "[y/N] Deleted Volumes:\n\(loose)\n\nTotal reclaimed space: 1.2MB\n"), "\(accepted)")
                try #expect(engine("volume", "prune", "-f").output == "Total reclaimed space: 0B\n")
                try #expect(names() == ["named", "other", "used", held])
                try #expect(engine("volume", "prune", "-af", "--filter", "label=a=2").lines.count == 1)
                let some = try engine("volume", "prune", "-af", "--filter", "label!=a")
                #expect(some.output == "Deleted Volumes:\nother\n\nTotal reclaimed space: 0B\n", "\(some)")
                try #expect(
                    engine("volume", "prune", "--all", "--force").lines.prefix(2) == ["Deleted Volumes:", "named"])
                try #expect(names() == ["used", held])
                try #expect(engine("rm", box).status == 0)
                try #expect(engine("volume", "prune", "-f").lines.prefix(2) == ["Deleted Volumes:", held[...]])
                try #expect(names() == ["used"])
            }
        }

        @Test func volumesFromMountsWhatAnotherContainerHas() throws {
            try TestEngine.withBusybox { engine in
                let folder = "\(engine.folder)/shared"
                mkdir(folder, 0o777)
                try engine(
                    "run", "--name", "lender", "-v", "/anonymous", "-v", "named:/named", "-v", "\(folder):/folder:ro",
                    "--tmpfs",
                    "/memory", "busybox", "sh", "-c",
                    "echo a > /anonymous/file; echo n > /named/file; touch /memory/file")
                try FileDescriptor.open("\(folder)/file", O_WRONLY | O_CREAT, mode: 0o644).writeAll(Array("f".utf8))
                let script =
                    "cat /anonymous/file /named/file /folder/file; ls /memory; touch /folder/x /named/x; ls /named"
                let seen = try engine("run", "--rm", "--volumes-from", "lender", "busybox", "sh", "-c", script)
                #expect(seen.output == "a\nn\nffile\nx\n", "\(seen)")
                #expect(seen.error.contains("/memory") && seen.error.contains("/folder/x"), "\(seen)")
                let refused = try engine(
                    "run", "--rm", "--volumes-from", "lender:ro", "-v", "/folder", "busybox", "sh", "-c",
                    "touch /named/y; ls /folder")
                #expect(refused.error.contains("Read-only") && refused.output.isEmpty, "\(refused)")
                // Whoever has borrowed an anonymous volume keeps it when its first container goes with its volumes.
                try engine("run", "-d", "--name", "borrower", "--volumes-from", "lender", "busybox", "sleep", "1000")
                try #expect(engine("rm", "-v", "lender").status == 0)
                try #expect(engine("exec", "borrower", "cat", "/anonymous/file").output == "a\n")
                try #expect(engine.inspect("borrower", "{{.HostConfig.VolumesFrom}}") == "[lender]")
                try #expect(engine("run", "--volumes-from", "nobody", "busybox", "true").status == 125)
                try engine("run", "-d", "--rm", "--name", "brief", "-v", "/data", "busybox", "sleep", "1000")
                let brief = try engine("run", "--volumes-from", "brief", "busybox", "true")
                #expect(brief.status == 125 && brief.error.contains("--rm"), "\(brief)")
                try #expect(engine("run", "--volumes-from", "a:b:c", "busybox", "true").status == 125)
            }
        }
    }
}
