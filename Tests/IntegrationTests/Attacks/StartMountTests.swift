import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container": row 5, `/proc` or `/sys` a symlink or mounted over (CVE-2019-16884,
    /// CVE-2023-27561); row 6, `/dev` a symlink (CVE-2026-41579, CVE-2026-47766); row 7, targets exchanged for a symlink
    /// (CVE-2021-30465) and folders made on the host (CVE-2024-45310).
    @Suite struct StartMounts {
        // MARK: - Row 5 and 6: what the image has in place of the kernel's folders

        @Test(arguments: ["proc", "sys", "dev"])
        func aKernelFolderThatLeadsElsewhereIsRefused(_ folder: String) throws {
            try TestEngine.with { engine in
                for change: @Sendable (inout TarArchive) -> Void in [
                    { $0.symlink(folder, to: "/etc") },
                    { $0.symlink(folder, to: "../../../../tmp") },
                    { $0.symlink(folder, to: "/tmp/\(folder)") },
                    { $0.fifo(folder) },
                    { $0.file(folder, "no folder") },
                ] {
                    try HostileImage { change(&$0.layer) }.load(into: engine)
                    for users in Users.allCases {
                        let result = try engine("run", "--rm", users.option, "hostile", "/bin/true")
                        #expect(result.status == 125, "\(result)")
                        #expect(result.error.contains("/\(folder)"), "\(result)")
                    }
                }
            }
        }

        @Test(arguments: Users.allCases)
        func nothingIsMountedOverProc(_ users: Users) throws {
            let image = HostileImage { image in
                image.layer.symlink("link", to: "/proc")
                image.layer.folder("deep")
                image.layer.symlink("deep/self", to: "../link/self")
                image.layer.symlink("sysctl", to: "/proc/sys/kernel")
            }
            try TestEngine.with(hostile: image) { engine in
                let source = try engine.makeFolder("source")
                for target in [
                    "/proc", "/proc/", "//proc/.", "/etc/../proc", "/proc/sys", "/proc/self", "/proc/1",
                    "/proc/self/attr",
                    "/proc/self/fd", "/link", "/link/sys", "/deep/self/attr", "/sysctl", "/proc/new",
                ] {
                    let volume = try engine(
                        "run", "--rm", users.option, "-v", "\(source):\(target)", "hostile", "true")
                    #expect(volume.status == 125 && volume.error.contains("cannot mount"), "\(target): \(volume)")
                }
                for target in ["/proc", "/link", "/proc/sys"] {
                    let memory = try engine("run", "--rm", users.option, "--tmpfs", target, "hostile", "true")
                    #expect(memory.status == 125, "\(target): \(memory)")
                }
                let device = try engine(
                    "run", "--rm", users.option, "--device=/dev/null:/proc/uptime2", "hostile", "true")
                #expect(device.status == 125, "\(device)")
                // A file that only informs may be covered, as lxcfs does.
                let file = "\(engine.folder)/uptime"
                try FileDescriptor.open(file, O_WRONLY | O_CREAT, mode: 0o644).writeAll(Array("1 1\n".utf8))
                let uptime = try engine(
                    "run", "--rm", users.option, "-v", "\(file):/proc/uptime", "hostile", "cat", "/proc/uptime")
                #expect(uptime.output == "1 1\n", "\(uptime)")
            }
        }

        @Test func aVolumeOfTheImageOverProcIsRefused() throws {
            try TestEngine.with { engine in
                for target in ["/proc", "/proc/sys", "proc", "/etc/../proc/"] {
                    let image = HostileImage { $0.config["Volumes"] = .object([target: [:]]) }
                    try image.load(into: engine)
                    let result = try engine("run", "--rm", "hostile", "true")
                    #expect(result.status == 125, "\(target): \(result)")
                }
            }
        }

        @Test(arguments: Users.allCases)
        func aDeviceDoesNotFollowTheImagesLinksOutOfItsRoot(_ users: Users) throws {
            try TestEngine.with { engine in
                let host = try engine.makeFolder("host")
                try HostileImage { image in
                    image.layer.folder("\(host.dropFirst())")
                    image.layer.symlink("absolute", to: host)
                    image.layer.symlink("relative", to: "../../../../../../..\(host)")
                }.load(into: engine)
                for link in ["absolute", "relative"] {
                    let result = try engine(
                        "run", "--rm", users.option, "--device", "/dev/zero:/\(link)/zero", "hostile", "stat", "-c",
                        "%t:%T", "\(host)/zero")
                    #expect(result.output == "1:5\n", "\(result)")
                    #expect(TestEngine.names(in: host).isEmpty)
                }
            }
        }

        // MARK: - Row 7: targets

        @Test(arguments: Users.allCases)
        func aTargetThroughALinkStaysInTheContainer(_ users: Users) throws {
            try TestEngine.with { engine in
                let host = try engine.makeFolder("host")
                let source = try engine.makeFolder("source")
                try HostileImage { image in
                    image.layer.symlink("absolute", to: host)
                    image.layer.symlink("relative", to: "../../../../../../..\(host)")
                    image.layer.symlink("chain", to: "absolute/further")
                    image.layer.symlink("work", to: "\(host)/work")
                }.load(into: engine)
                for target in ["/absolute", "/absolute/new/folder", "/relative/other", "/chain"] {
                    let result = try engine(
                        "run", "--rm", users.option, "-v", "\(source):\(target)", "-w", "/absolute/made", "hostile",
                        "grep", "-c", " \(host).*/source\\|/source \(host)", "/proc/self/mountinfo")
                    // Either the mount is below the container's own folder of that name, or the start was refused.
                    #expect(result.output == "1\n" || result.status == 125, "\(target): \(result)")
                    #expect(TestEngine.names(in: host).isEmpty, "\(target): made on the host")
                }
                let file = "\(engine.folder)/file"
                try FileDescriptor.open(file, O_WRONLY | O_CREAT, mode: 0o644).writeAll(Array("inside\n".utf8))
                // What a link stands for is made in the container, whatever the host has there.
                let dangling = try engine(
                    "run", "--rm", users.option, "-v", "\(file):/relative/file", "hostile", "cat", "\(host)/file")
                #expect(dangling.output == "inside\n", "\(dangling)")
                #expect(TestEngine.names(in: host).isEmpty)
                try HostileImage { image in
                    image.layer.folder("\(host.dropFirst())")
                    image.layer.symlink("relative", to: "../../../../../../..\(host)")
                }.load(into: engine)
                let bound = try engine(
                    "run", "--rm", users.option, "-v", "\(file):/relative/file", "hostile", "cat", "\(host)/file")
                #expect(bound.output == "inside\n", "\(bound)")
                #expect(TestEngine.names(in: host).isEmpty)
            }
        }

        /// One container exchanges a folder of a shared volume for links while another is started with a mount in it.
        @Test(arguments: Users.allCases)
        func aTargetExchangedWhileMountingStaysInTheContainer(_ users: Users) throws {
            try TestEngine.withBusybox { engine in
                let host = try engine.makeFolder("host")
                let shared = try engine.makeFolder("shared")
                let secret = try engine.makeFolder("secret")
                let loop = """
                    while :; do
                      mkdir /v/t; mv /v/t /v/old; ln -s \(host) /v/t; rm -rf /v/t /v/old; ln -s /proc /v/t; rm -f /v/t
                    done 2>/dev/null
                    """
                _ = try engine.resident(users.option, "-v", "\(shared):/v", script: loop)
                for _ in 0..<12 {
                    let result = try engine(
                        "run", "--rm", users.option, "-v", "\(shared):/v", "-v", "\(secret):/v/t/sys", "busybox", "awk",
                        "$4 ~ /\\/secret$/ { print $5 }", "/proc/self/mountinfo")
                    // A mount that lost the race is refused; one that was made is in a folder of this container.
                    let places = ["/v/t/sys", "/v/old/sys", "\(host)/sys", "//deleted"]
                    #expect(
                        result.status == 125
                            || result.lines.allSatisfy { line in
                                places.contains(String(line)) || !line.hasPrefix("/proc") && line.hasSuffix("deleted")
                            }, "\(result)")
                    #expect(TestEngine.names(in: host).isEmpty, "made on the host")
                }
            }
        }
    }
}
