import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container", under `nestbox-runtime`: row 8, users parsed wrongly, defaulting to 0
    /// (CVE-2026-30892, CVE-2016-3697), and row 9, inheritable and ambient capabilities (CVE-2022-29162, CVE-2022-24769).
    @Suite struct RuntimeUsers {
        @Test func aMalformedUserIsRefusedAndNeverRoot() throws {
            try TestBundle.with(StartUsers.image) { bundle in
                try bundle.resident()
                for user in StartUsers.refused + ["", "1:", "1:2:3", "1,2"] {
                    let exec = try bundle("exec", "--user", user, "box", "id")
                    #expect(exec.status == 255 && exec.output.isEmpty, "exec --user \(user): \(exec)")
                }
                for group in ["-1", "4294967295", "0x0", "", "root", "1:2", " 1"] {
                    let exec = try bundle("exec", "--user", "5:5", "--additional-gids", group, "box", "id")
                    #expect(exec.status == 255 && exec.output.isEmpty, "exec -g \(group): \(exec)")
                }
                try bundle.remove()
            }
        }

        /// 2^32 - 1 means "as it is" to setresuid(2): root.
        private static let values: [JSONValue] = [
            4_294_967_295, 4_294_967_296, -1, "0", "root", 1.5, true, [], .number(1e3), [:],
        ]

        @Test(arguments: Users.allCases)
        func aNumberThatIsNoIDIsRefusedAndNeverRoot(_ users: Users) throws {
            try TestBundle.with(users) { bundle in
                bundle.configuration.process?.args = ["id"]
                func member(_ name: String, _ value: JSONValue) -> JSONValue {
                    var user: JSONObject = ["uid": 1000, "gid": 1000]
                    user[name] = name == "additionalGids" ? .array([value]) : value
                    return .object(user)
                }
                for name in ["uid", "gid", "additionalGids"] {
                    for value in Self.values {
                        let run = try bundle.run("process", "user", member(name, value))
                        #expect(run.status == 1 && run.output.isEmpty, "\(name) \(value): \(run)")
                    }
                }
                try bundle.resident()
                for name in ["uid", "gid", "additionalGids"] {
                    for value in Self.values {
                        let process: JSONValue = ["args": ["id"], "cwd": "/", "user": member(name, value)]
                        let file = "\(bundle.folder)/process.json"
                        try TestRegistry.write(String(decoding: process.serialized(), as: UTF8.self), to: file)
                        let exec = try bundle("exec", "--process", file, "box")
                        #expect(exec.status == 255 && exec.output.isEmpty, "\(name) \(value): \(exec)")
                    }
                }
                try bundle.remove()
            }
        }

        /// Exactly those of the configuration, whatever the caller and the image have.
        @Test(arguments: Users.allCases)
        func theGroupsAreThoseThatWereAskedFor(_ users: Users) throws {
            let image = HostileImage { image in
                image.layer.file("etc/group", "root:x:0:\nmany:x:7:root,good,1000\n")
                image.layer.file("etc/passwd", "1000:x:0:0::/:/bin/sh\ngood:x:1000:0::/:/bin/sh\n")
            }
            let ids = "grep -E '^(Uid|Gid|Groups)' /proc/self/status | tr '\\t\\n' '  '"
            try TestBundle.with(image, users) { bundle in
                bundle.configuration.process?.user = .init(uid: 1000, gid: 1001, additionalGids: [5, 6])
                let run = try bundle.script(ids)
                let expected = "Uid: 1000 1000 1000 1000 Gid: 1001 1001 1001 1001 Groups: 5 6  "
                #expect(run.output == expected, "\(run)")
                bundle.configuration.process?.user = .init(uid: 1000, gid: 1001)
                let none = try bundle.script(ids)
                #expect(none.output == "Uid: 1000 1000 1000 1000 Gid: 1001 1001 1001 1001 Groups:   ", "\(none)")
                try bundle.resident()
                let exec = try bundle("exec", "-u", "7:8", "-g", "9", "box", "sh", "-c", ids)
                #expect(exec.output == "Uid: 7 7 7 7 Gid: 8 8 8 8 Groups: 9  ", "\(exec)")
                try bundle.remove()
            }
        }

        /// The file that HOME is looked up in is the attacker's: a link into /proc, a fifo, a device, endless.
        @Test func aHostilePasswdFileHoldsNothingUp() throws {
            try TestBundle.with("true") { bundle in
                for change: @Sendable (inout TarArchive) -> Void in [
                    { $0.fifo("etc/passwd") }, { $0.add("etc/passwd", .characterDevice, device: (1, 5)) },
                    { $0.symlink("etc/passwd", to: "/proc/kmsg") }, { $0.symlink("etc/passwd", to: "/dev/zero") },
                    { $0.symlink("etc/passwd", to: "passwd") }, { $0.folder("etc/passwd/folder") },
                    { $0.file("etc/passwd", String(repeating: "a:x:0:1::/evil:\n", count: 400_000)) },
                ] {
                    var layer = TarArchive()
                    change(&layer)
                    try FileTree.remove("\(bundle.folder)/rootfs/etc/passwd")
                    try bundle.unpack(layer)
                    let run = try bundle.script("echo $HOME")
                    #expect(run.output == "/\n", "\(run)")
                }
            }
        }

        // MARK: - Row 9

        /// What `nestbox-runtime spec` gives: CAP_AUDIT_WRITE, CAP_KILL, CAP_NET_BIND_SERVICE.
        private static let defaultSet: UInt64 = 1 << 29 | 1 << 5 | 1 << 10

        @Test(arguments: Users.allCases, [0, 1000] as [UInt32])
        func inheritableAndAmbientAreEmpty(_ users: Users, _ user: UInt32) throws {
            try TestBundle.with(users) { bundle in
                try StartCapabilities.asCallerWithAmbientCapabilities {
                    bundle.configuration.process?.user = .init(uid: user, gid: user)
                    let run = try bundle.script(StartCapabilities.script)
                    try bundle.resident()
                    let exec = try bundle("exec", "box", "sh", "-c", StartCapabilities.script)
                    let other = try bundle("exec", "-u", "0:0", "box", "sh", "-c", StartCapabilities.script)
                    for (result, user) in [(run, user), (exec, user), (other, 0)] {
                        let sets = StartCapabilities.sets(result)
                        #expect(sets["CapInh"] == 0 && sets["CapAmb"] == 0, "\(result)")
                        #expect(sets["CapBnd"] == Self.defaultSet, "\(result)")
                        let own = user == 0 ? Self.defaultSet : 0
                        #expect(sets["CapPrm"] == own && sets["CapEff"] == own, "\(result)")
                    }
                    try bundle.remove()
                }
            }
        }

        /// `--cap` gives what it names, to the sets that it means, and an unknown name is refused.
        @Test func anAddedCapabilityIsNotInherited() throws {
            try TestBundle.with("true") { bundle in
                bundle.configuration.process?.user = .init(uid: 1000, gid: 1000)
                try bundle.resident()
                let exec = try bundle("exec", "--cap", "CAP_SYS_ADMIN", "box", "sh", "-c", StartCapabilities.script)
                let sets = StartCapabilities.sets(exec)
                for set in ["CapInh", "CapAmb", "CapPrm", "CapEff"] { #expect(sets[set] == 0, "\(set): \(exec)") }
                for name in ["CAP_NOSUCH", "", "ALL", "CAP_SYS_ADMIN,CAP_KILL", "CAP_SYS_ADMIN "] {
                    let refused = try bundle("exec", "--cap", name, "box", "true")
                    #expect(refused.status == 255, "\(name): \(refused)")
                }
                try bundle.remove()
            }
        }
    }
}
