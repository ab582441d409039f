import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container", row 7, under `nestbox-runtime`: mount targets.
    @Suite struct RuntimeTargets {
        @Test(arguments: Users.allCases)
        func aTargetThroughALinkStaysInTheContainer(_ users: Users) throws {
            try TestBundle.with(users) { bundle in
                let host = try bundle.makeFolder("host")
                let source = try bundle.makeFolder("source")
                var layer = TarArchive()
                layer.symlink("absolute", to: host)
                layer.symlink("relative", to: "../../../../../../..\(host)")
                layer.symlink("chain", to: "absolute/further")
                layer.symlink("loop", to: "loop")
                try bundle.unpack(layer)
                let mounts = bundle.configuration.mounts
                bundle.configuration.process?.cwd = "/absolute/made"
                for target in ["/absolute", "/absolute/new/folder", "/relative/other", "/chain", "/loop/x"] {
                    bundle.configuration.mounts = mounts
                    bundle.bind(source, target)
                    let result = try bundle.script(
                        "grep -c ' \(host).*/source\\|/source \(host)' /proc/self/mountinfo")
                    // Either the mount is below the container's own folder of that name, or the start was refused.
                    #expect(result.output == "1\n" || result.status == 1, "\(target): \(result)")
                    #expect(TestEngine.names(in: host).isEmpty, "\(target): made on the host")
                }
                let file = "\(bundle.folder)/file"
                try FileDescriptor.open(file, O_WRONLY | O_CREAT, mode: 0o644).writeAll(Array("inside\n".utf8))
                bundle.configuration.process?.cwd = "/"
                bundle.configuration.mounts = mounts
                // What a link stands for is made in the container, whatever the host has there.
                bundle.bind(file, "/relative/file")
                let bound = try bundle.script("cat \(host)/file")
                #expect(bound.output == "inside\n", "\(bound)")
                #expect(TestEngine.names(in: host).isEmpty)
            }
        }

        /// Another process exchanges a folder of a shared volume for links while a container is started with a mount in it.
        @Test(arguments: Users.allCases)
        func aTargetExchangedWhileMountingStaysInTheContainer(_ users: Users) throws {
            try TestBundle.with(users) { bundle in
                let host = try bundle.makeFolder("host")
                let shared = try bundle.makeFolder("shared")
                let secret = try bundle.makeFolder("secret")
                if users == .own { chown(shared, 200_000, 200_000) }
                bundle.bind(shared, "/v")
                bundle.bind(secret, "/v/t/sys")
                bundle.configuration.process?.cwd = "/v/t/made"
                let attacker = try Command([
                    "sh", "-c",
                    """
                    cd "$1"; i=0
                    while [ $i -lt 20000 ]; do
                      i=$((i + 1)); mkdir t; mv t old; ln -s "$2" t; rm -rf t old; ln -s /proc t; rm -f t
                    done 2>/dev/null
                    """, "sh", shared, host,
                ])
                for _ in 0..<12 {
                    let result = try bundle.script("awk '$4 ~ /\\/secret$/ { print $5 }' /proc/self/mountinfo")
                    // A mount that lost the race is refused; one that was made is in a folder of this container.
                    let places = ["/v/t/sys", "/v/old/sys", "\(host)/sys", "//deleted"]
                    #expect(
                        result.status == 1
                            || result.lines.allSatisfy { line in
                                places.contains(String(line)) || !line.hasPrefix("/proc") && line.hasSuffix("deleted")
                            }, "\(result)")
                    #expect(TestEngine.names(in: host).isEmpty, "made on the host")
                }
                kill(attacker.pid, SIGKILL)
                _ = attacker.finish()
            }
        }

        /// The working folder is made and entered as one and the same, inside.
        @Test(arguments: Users.allCases)
        func theWorkingDirectoryStaysInTheContainer(_ users: Users) throws {
            try TestBundle.with(users) { bundle in
                let host = try bundle.makeFolder("host")
                var layer = TarArchive()
                layer.symlink("absolute", to: host)
                layer.symlink("relative", to: "../../../../../../..\(host)/new")
                layer.fifo("fifo")
                try bundle.unpack(layer)
                for (folder, place) in [
                    ("/absolute", host), ("/absolute/deep/er", "\(host)/deep/er"), ("/relative/x", "\(host)/new/x"),
                    ("/a/../../../b", "/b"), ("/absolute/../up", "\(bundle.folder)/up"),
                ] {
                    bundle.configuration.process?.cwd = folder
                    let result = try bundle.script("pwd -P")
                    #expect(result.output == "\(place)\n", "\(folder): \(result)")
                    #expect(TestEngine.names(in: host).isEmpty, "\(folder): made on the host")
                    #expect(access("\(bundle.folder)/up", F_OK) != 0)
                }
                for folder in ["/fifo", "/fifo/x", "/etc/passwd", "relative", ""] {
                    bundle.configuration.process?.cwd = folder
                    try #expect(bundle("run", "box").status == 1, "\(folder)")
                }
            }
        }
    }
}
