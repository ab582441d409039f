import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container", under `nestbox-runtime`: row 5, `/proc` or `/sys` a symlink or mounted over
    /// (CVE-2019-16884, CVE-2023-27561); row 6, `/dev` a symlink (CVE-2026-41579, CVE-2026-47766); row 7, targets exchanged
    /// for a symlink (CVE-2021-30465) and folders made on the host (CVE-2024-45310).
    @Suite struct RuntimeMounts {
        @Test(arguments: ["proc", "sys", "dev"], Users.allCases)
        func aKernelFolderThatLeadsElsewhereIsRefused(_ folder: String, _ users: Users) throws {
            try TestBundle.with(users) { bundle in
                for change: @Sendable (inout TarArchive) -> Void in [
                    { $0.symlink(folder, to: "/etc") }, { $0.symlink(folder, to: "../../../../tmp") },
                    { $0.symlink(folder, to: "/tmp/\(folder)") }, { $0.fifo(folder) },
                    { $0.file(folder, "no folder") },
                ] {
                    var layer = TarArchive()
                    change(&layer)
                    try bundle.unpack(layer)
                    let result = try bundle("run", "box")
                    #expect(result.status == 1 && result.error.contains("/\(folder)"), "\(result)")
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
            try TestBundle.with(image, users) { bundle in
                let source = try bundle.makeFolder("source")
                chmod(source, 0o777)
                let mounts = bundle.configuration.mounts
                for target in [
                    "/proc", "/proc/", "//proc/.", "/etc/../proc", "/proc/sys", "/proc/self", "/proc/1",
                    "/proc/self/attr", "/proc/self/fd", "/link", "/link/sys", "/deep/self/attr", "/sysctl",
                    "/proc/new",
                ] {
                    for type in ["bind", "tmpfs"] {
                        bundle.configuration.mounts =
                            mounts + [
                                .init(
                                    destination: target, type: type, source: type == "bind" ? source : "tmpfs",
                                    options: type == "bind" ? ["bind"] : [])
                            ]
                        let result = try bundle("run", "box")
                        #expect(
                            result.status == 1 && result.error.contains("cannot mount"), "\(type) \(target): \(result)")
                    }
                }
                // Before procfs is there it is not hidden either: it goes on top.
                bundle.configuration.mounts =
                    [
                        .init(destination: "/link", type: "bind", source: source, options: ["bind"])
                    ] + mounts
                let first = try bundle.script("[ -e /proc/1/status ] && echo procfs")
                #expect(first.status == 1 || first.output == "procfs\n", "\(first)")
            }
        }

        @Test(arguments: Users.allCases)
        func aDeviceDoesNotFollowTheImagesLinksOutOfItsRoot(_ users: Users) throws {
            try TestBundle.with(users) { bundle in
                let host = try bundle.makeFolder("host")
                var layer = TarArchive()
                layer.folder("\(host.dropFirst())")
                layer.symlink("absolute", to: host)
                layer.symlink("relative", to: "../../../../../../..\(host)")
                try bundle.unpack(layer)
                for link in ["absolute", "relative"] {
                    bundle.configuration.linux?.devices = [
                        .init(path: "/\(link)/zero", type: .character, major: 1, minor: 5)
                    ]
                    let result = try bundle.script("stat -c %t:%T \(host)/zero; rm -f \(host)/zero")
                    #expect(result.output == "1:5\n", "\(result)")
                    #expect(TestEngine.names(in: host).isEmpty)
                }
            }
        }

        /// Cut to the kernel's twelve bits 2^32 + 1 would be 1: another device than the rules of the cgroup are about.
        @Test func aDeviceNumberOutOfRangeIsRefused() throws {
            try TestBundle.with("true") { bundle in
                for (major, minor) in [
                    (1 << 32 | 1, 3), (1, 1 << 32 | 3), (-1, 3), (1, -1), (4096, 1), (1, 1 << 20),
                ] as [(Int64, Int64)] {
                    bundle.configuration.linux?.devices = [
                        .init(path: "/dev/x", type: .character, major: major, minor: minor)
                    ]
                    let result = try bundle("run", "box")
                    #expect(result.status == 1 && result.error.contains("out of range"), "\(result)")
                }
            }
        }

        /// Another container exchanges the new node for a link to a file of the host's while its mode is set.
        @Test func aNodeExchangedForALinkChangesNothingOfTheHost() throws {
            try TestBundle.with("true") { bundle in
                let shared = try bundle.makeFolder("shared")
                let victim = "\(bundle.folder)/victim"
                try FileDescriptor.open(victim, O_WRONLY | O_CREAT, mode: 0o600).writeAll([1])
                let before = try FileIdentity(victim)
                bundle.bind(shared, "/shared")
                bundle.configuration.linux?.devices = [
                    .init(
                        path: "/shared/node", type: .character, major: 1, minor: 3, fileMode: 0o666, uid: 1234,
                        gid: 1234)
                ]
                let attacker = try Command([
                    "sh", "-c",
                    """
                    i=0
                    while [ $i -lt 30000 ]; do
                        i=$((i + 1)); [ -e "$1/node" ] || continue; rm "$1/node"; ln -s "$2" "$1/node"; rm "$1/node"
                    done
                    """, "sh", shared, victim,
                ])
                for _ in 0..<20 { _ = try bundle("run", "box") }
                kill(attacker.pid, SIGKILL)
                _ = attacker.finish()
                try #expect(FileIdentity(victim) == before)
            }
        }
    }
}
