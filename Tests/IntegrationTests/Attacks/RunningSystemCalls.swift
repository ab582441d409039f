import Glibc
import Testing

extension IntegrationTests {
    /// System calls outside the default profile, x32 and i386 entry points, calls newer than the profile.
    @Suite struct RunningSystemCalls {
        #if arch(x86_64)
            /// Without a filter each of these fails with another errno, or works.
            static let forbidden: [SystemCallProbe] = [
                .init(name: "mount", number: 165), .init(name: "umount2", number: 166),
                .init(name: "unshare", number: 272, first: 1), .init(name: "setns", number: 308),
                .init(name: "add_key", number: 248), .init(name: "request_key", number: 249),
                .init(name: "keyctl", number: 250), .init(name: "io_uring_setup", number: 425),
                .init(name: "personality", number: 135, first: 0x400),
            ]

            @Test func callsOutsideTheProfileAreRefused() throws {
                try TestEngine.withBusybox { engine in
                    let filtered = try SystemCallProbe.run(Self.forbidden, in: engine)
                    for probe in Self.forbidden {
                        #expect(filtered[probe.name] == EPERM, "\(probe.name): \(filtered[probe.name] ?? -1)")
                    }
                    let unfiltered = try SystemCallProbe.run(
                        Self.forbidden, options: ["--security-opt", "seccomp=unconfined"], in: engine)
                    for probe in Self.forbidden {
                        #expect(unfiltered[probe.name] != EPERM, "\(probe.name): \(unfiltered[probe.name] ?? -1)")
                    }
                }
            }

            static let i386: [SystemCallProbe] = [
                .init(name: "mount32", number: 21, entry: .i386),
                .init(name: "keyctl32", number: 288, entry: .i386),
                .init(name: "unshare32", number: 310, entry: .i386, first: 0x4000_0000),
                .init(name: "setns32", number: 346, entry: .i386),
            ]
            static let x32: [SystemCallProbe] = [
                .init(name: "mountx32", number: SystemCallProbe.x32Bit | 165),
                .init(name: "keyctlx32", number: SystemCallProbe.x32Bit | 250),
                .init(name: "unsharex32", number: SystemCallProbe.x32Bit | 272, first: 0x4000_0000),
            ]
            static let allowed: [SystemCallProbe] = [
                .init(name: "getpid", number: 39), .init(name: "getpid32", number: 20, entry: .i386),
            ]

            @Test func theEntriesOfI386AndX32AreFilteredLikewise() throws {
                try TestEngine.withBusybox { engine in
                    let probes = Self.i386 + Self.x32 + Self.allowed
                    Self.expectFiltered(try SystemCallProbe.run(probes, in: engine))
                }
            }

            /// Whether the other entries were refused what the native one is refused.
            static func expectFiltered(_ result: [String: Int32], sourceLocation: SourceLocation = #_sourceLocation) {
                #expect(result["getpid"] == 0, sourceLocation: sourceLocation)
                // A kernel without the emulation of i386 ends the program at `int 0x80`.
                let hasI386 = result["getpid32"] == 0
                #expect(hasI386 || result["getpid32"] == 128 + SIGSEGV)
                for probe in i386 {
                    #expect(result[probe.name] == (hasI386 ? EPERM : 128 + SIGSEGV), "\(probe.name): \(result)")
                }
                for probe in x32 {
                    #expect([EPERM, ENOSYS].contains(result[probe.name]), "\(probe.name): \(result)")
                }
            }

            @Test func callsNewerThanTheProfileDoNotExist() throws {
                try TestEngine.withBusybox { engine in
                    // clone3 cannot be filtered by its flags: C libraries fall back to clone for ENOSYS only.
                    let probes: [SystemCallProbe] = [
                        .init(name: "clone3", number: 435), .init(name: "newer", number: 600),
                        .init(name: "newest", number: 1000),
                    ]
                    let filtered = try SystemCallProbe.run(probes, in: engine)
                    #expect(filtered == ["clone3": ENOSYS, "newer": ENOSYS, "newest": ENOSYS])
                }
            }
        #endif

        @Test func namespacesAndMountsCannotBeMadeNorLeft() throws {
            try TestEngine.withBusybox { engine in
                let result = try engine(
                    "run", "--rm", "busybox", "sh", "-c",
                    """
                    for c in 'unshare -m true' 'unshare -U true' 'nsenter -t 1 -m true' 'mount -t tmpfs x /tmp' \
                        'mount -o remount,rw /sys' 'umount /proc/sys' 'pivot_root / /tmp' 'swapon /etc/passwd' \
                        'reboot -f' 'hostname evil' dmesg 'mknod /tmp/sda b 8 0' 'ip link add x type dummy'
                    do $c > /dev/null 2>&1 && echo "done: $c"; done; echo end
                    """)
                #expect(result.output == "end\n", "\(result)")
            }
        }
    }
}
