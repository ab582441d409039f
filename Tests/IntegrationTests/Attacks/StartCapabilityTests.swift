import CLinux
import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container", row 9: inheritable and ambient capabilities (CVE-2022-29162, CVE-2022-24769).
    @Suite struct StartCapabilities {
        static let script = "grep Cap /proc/self/status | tr -d '\\t' | tr '\\n' ' '"

        /// `CapInh`, `CapPrm`, `CapEff`, `CapBnd` and `CapAmb` by name.
        static func sets(_ result: CommandResult) -> [String: UInt64] {
            var sets: [String: UInt64] = [:]
            for field in result.output.split(separator: " ") {
                let parts = field.split(separator: ":")
                if parts.count == 2 { sets[String(parts[0])] = UInt64(parts[1], radix: 16) }
            }
            return sets
        }

        /// Docker's default set, of which this machine may lack some.
        private static let defaultSet: UInt64 = 0xa804_25fb

        /// Gives `body` a caller of nestbox whose inheritable and ambient sets are as full as can be.
        static func asCallerWithAmbientCapabilities(_ body: () throws -> Void) throws {
            // capget(2), version 3: two halves of effective, permitted, inheritable.
            var header: [UInt32] = [0x2008_0522, 0]
            var before = [UInt32](repeating: 0, count: 6)
            func call(_ number: Int32, _ data: inout [UInt32]) throws {
                let result = header.withUnsafeMutableBytes { header in
                    data.withUnsafeMutableBytes { data in
                        nb_syscall6(
                            Int(number), Int(bitPattern: header.baseAddress), Int(bitPattern: data.baseAddress), 0, 0,
                            0,
                            0)
                    }
                }
                try checked(result, "set", "capabilities")
            }
            try call(Int32(SYS_capget), &before)
            var raised = before
            (raised[2], raised[5]) = (raised[1], raised[4])
            try call(Int32(SYS_capset), &raised)
            // PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE: CHOWN, NET_RAW, SYS_ADMIN.
            for capability in [0, 13, 21] { _ = nb_syscall6(Int(SYS_prctl), 47, 2, capability, 0, 0, 0) }
            defer {
                _ = nb_syscall6(Int(SYS_prctl), 47, 4, 0, 0, 0, 0)
                try? call(Int32(SYS_capset), &before)
            }
            try body()
        }

        @Test(arguments: Users.allCases, ["0", "1000"])
        func inheritableAndAmbientAreEmpty(_ users: Users, _ user: String) throws {
            try TestEngine.withBusybox { engine in
                try Self.asCallerWithAmbientCapabilities {
                    let name = try engine.resident(users.option)
                    for arguments in [
                        ["run", "--rm", users.option, "-u", user, "busybox"], ["exec", "-u", user, name],
                    ] {
                        let result = try engine.run(arguments + ["sh", "-c", Self.script])
                        let sets = Self.sets(result)
                        #expect(sets["CapInh"] == 0, "\(result)")
                        #expect(sets["CapAmb"] == 0, "\(result)")
                        let bounding = try #require(sets["CapBnd"])
                        #expect(bounding != 0 && bounding & ~Self.defaultSet == 0, "\(result)")
                        #expect(sets["CapPrm"] == (user == "0" ? bounding : 0), "\(result)")
                        #expect(sets["CapEff"] == (user == "0" ? bounding : 0), "\(result)")
                    }
                }
            }
        }

        @Test func theyAreEmptyWithAddedCapabilitiesToo() throws {
            try TestEngine.withBusybox { engine in
                let name = try engine.resident("--cap-add=ALL", "-u", "1000")
                for arguments in [
                    ["run", "--rm", "--cap-add=SYS_ADMIN", "-u", "1000", "busybox"], ["exec", name],
                    ["exec", "--privileged", name],
                ] {
                    let result = try engine.run(arguments + ["sh", "-c", Self.script])
                    let sets = Self.sets(result)
                    for set in ["CapInh", "CapAmb", "CapPrm", "CapEff"] { #expect(sets[set] == 0, "\(set): \(result)") }
                }
                let root = try engine.run(
                    ["run", "--rm", "--privileged", "busybox", "sh", "-c", Self.script])
                #expect(Self.sets(root)["CapInh"] == 0 && Self.sets(root)["CapAmb"] == 0, "\(root)")
            }
        }

        @Test func droppedCapabilitiesAreGoneInExecToo() throws {
            try TestEngine.withBusybox { engine in
                let name = try engine.resident("--cap-drop=ALL", "--cap-add=CHOWN")
                let result = try engine.run(["exec", name, "sh", "-c", Self.script])
                let sets = Self.sets(result)
                #expect(sets["CapBnd"] == 1 && sets["CapPrm"] == 1 && sets["CapEff"] == 1, "\(result)")
            }
        }
    }
}
