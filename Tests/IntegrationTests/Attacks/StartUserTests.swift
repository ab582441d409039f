import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container", row 8: users parsed wrongly, defaulting to 0 (CVE-2026-30892, CVE-2016-3697).
    @Suite struct StartUsers {
        /// An image whose passwd and group files are made to confuse a parser.
        static let image = HostileImage { image in
            image.layer.file(
                "etc/passwd",
                """
                root:x:0:0:root:/root:/bin/sh
                1000:x:0:0:a name that is a number:/:/bin/sh
                hexadecimal:x:0x0:0::/:/bin/sh
                negative:x:-1:0::/:/bin/sh
                signed:x:+0:0::/:/bin/sh
                spaced:x: 0:0::/:/bin/sh
                nobody:x:4294967295:0::/:/bin/sh
                wrapped:x:4294967296:0::/:/bin/sh
                nothing:x:::::/bin/sh
                groupless:x:5:none::/:/bin/sh
                wrappedgroup:x:5:4294967296::/:/bin/sh
                short:x:0:0
                :x:0:0::/:/bin/sh
                good:x:1001:1002::/home/good:/bin/sh\r
                last:x:1003:1003::/home/last:/bin/sh
                """)
            image.layer.file(
                "etc/group",
                """
                root:x:0:
                1002:x:0:
                negative:x:-1:
                wrapped:x:4294967296:
                empty:x::
                many:x:7:good,last
                prefix:x:8:goo,good2,xgood
                last:x:9:last
                """)
        }

        static let refused = [
            "-1", "-0", "+0", "0x0", "00x", "4294967295", "4294967296", "99999999999999999999", "0.0", "1e0", "٠",
            "nosuchuser", "root ", " root", "root\n", "root:", ":", ":0", "0:", "root:root:root", "0:0:0", "0:-1",
            "0:0x0", "0:4294967296", "0:nosuchgroup", "/", "..", "root/", "hexadecimal", "negative", "signed", "spaced",
            "nobody", "wrapped", "nothing", "groupless", "wrappedgroup", "short", "root:negative", "root:wrapped",
            "root:empty",
        ]

        @Test func aMalformedUserIsRefusedAndNeverRoot() throws {
            try TestEngine.with(hostile: Self.image) { engine in
                let name = try engine.resident(image: "hostile")
                for user in Self.refused {
                    let exec = try engine("exec", "-u", user, name, "id")
                    #expect(exec.status != 0 && exec.output.isEmpty, "exec -u \(user): \(exec)")
                }
                for user in Self.refused.filter({ !$0.contains(" ") }) {
                    let run = try engine("run", "--rm", "-u", user, "hostile", "id")
                    #expect(run.status == 125 && run.output.isEmpty, "run -u \(user): \(run)")
                }
            }
        }

        @Test func anImagesMalformedUserIsRefusedAndNeverRoot() throws {
            try TestEngine.with { engine in
                // "root:" names a user, and leaves the group to its entry.
                for user in ["-1", "0x0", ":0", ":", "nosuchuser", "4294967296", " ", "root\n", "1000 "] {
                    try HostileImage { $0.config["User"] = .string(user) }.load(into: engine)
                    let result = try engine("run", "--rm", "hostile", "id")
                    #expect(result.status == 125 && result.output.isEmpty, "\(user.debugDescription): \(result)")
                }
            }
        }

        @Test func aNumberIsAnIDAndAWholeNameAName() throws {
            try TestEngine.with(hostile: Self.image) { engine in
                let name = try engine.resident(image: "hostile", "-u", "1001:1002")
                let script = "echo $(id -u):$(id -g) $(id -G) $HOME"
                for (user, expected) in [
                    ("1000", "1000:0 0 /"), ("1001:1002", "1001:1002 1002 /home/good"),
                    ("good", "1001:1002 1002 7 /home/good"), ("last", "1003:1003 1003 7 9 /home/last"),
                    ("good:0", "1001:0 0 /home/good"), ("0", "0:0 0 /root"),
                ] {
                    let run = try engine("run", "--rm", "-u", user, "hostile", "sh", "-c", script)
                    #expect(run.line == expected, "run -u \(user): \(run)")
                    let exec = try engine("exec", "-u", user, name, "sh", "-c", script)
                    #expect(exec.line == expected, "exec -u \(user): \(exec)")
                }
            }
        }

        /// `-u "$UNSET"` in a script must not make root of a container's user.
        @Test func anEmptyUserIsTheImagesUser() throws {
            try TestEngine.with(hostile: HostileImage { $0.config["User"] = "1234:1235" }) { engine in
                let run = try engine("run", "--rm", "-u", "", "hostile", "sh", "-c", "id -u; id -g")
                #expect(run.output == "1234\n1235\n" || run.status == 125, "\(run)")
                let name = try engine.resident(image: "hostile")
                for options in [[], ["-u", ""]] {
                    let exec = try engine.run(["exec"] + options + [name, "sh", "-c", "id -u; id -g"])
                    #expect(exec.output == "1234\n1235\n" || exec.status == 125, "\(exec)")
                }
            }
        }

        /// The file that a name is looked up in is the attacker's: a link into /proc, a fifo, a device, endless.
        @Test func aHostilePasswdFileIsRefusedAtOnce() throws {
            try TestEngine.with { engine in
                for change: @Sendable (inout TarArchive) -> Void in [
                    { $0.fifo("etc/passwd") },
                    { $0.add("etc/passwd", .characterDevice, device: (1, 5)) },
                    { $0.symlink("etc/passwd", to: "/proc/kmsg") },
                    { $0.symlink("etc/passwd", to: "/dev/zero") },
                    { $0.symlink("etc/passwd", to: "passwd") },
                    { $0.folder("etc/passwd/folder") },
                    { $0.file("etc/passwd", String(repeating: "a:x:1:1::/:\n", count: 400_000)) },
                ] {
                    try HostileImage { change(&$0.layer) }.load(into: engine)
                    let run = try engine("run", "--rm", "-u", "daemon", "hostile", "id", seconds: 20)
                    #expect(run.status == 125 && run.output.isEmpty, "\(run)")
                    // Numbers need no file, but HOME is looked up in it: a hostile one counts as none.
                    let started = try engine("run", "-d", "--name", "resident", "hostile", "sleep", "1000", seconds: 20)
                    #expect(started.status == 0, "\(started)")
                    let exec = try engine("exec", "-u", "daemon", "resident", "id", seconds: 20)
                    #expect(exec.status != 0 && exec.output.isEmpty, "\(exec)")
                    try engine("rm", "-f", "resident")
                }
            }
        }
    }
}
