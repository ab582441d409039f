#if arch(x86_64)
    import Glibc
    import OCISpec
    import Testing

    extension IntegrationTests {
        /// threats.md, "While it runs", row 1, under `nestbox-runtime`: system calls outside the bundle's profile, x32 and i386
        /// entry points, calls newer than the profile.
        @Suite struct RuntimeSystemCalls {
            private typealias Seccomp = RuntimeSpecification.Linux.Seccomp

            /// Refuses some and allows all others.
            private static let refusing = Seccomp(
                defaultAction: .allow, architectures: [.x86_64, .x86, .x32],
                syscalls: [
                    .init(
                        names: [
                            "mount", "umount2", "unshare", "setns", "add_key", "request_key", "keyctl",
                            "io_uring_setup",
                            "personality",
                        ], action: .errno)
                ])

            private func probe(_ probes: [SystemCallProbe], _ bundle: TestBundle) throws {
                bundle.bind(try SystemCallProbe.write(probes, in: bundle.folder), "/probes")
            }

            @Test(arguments: [true, false]) func callsThatTheProfileRefusesAreRefused(_ gainsNothing: Bool) throws {
                try TestBundle.with("true") { bundle in
                    let probes = RunningSystemCalls.forbidden
                    try probe(probes, bundle)
                    let unfiltered = SystemCallProbe.statuses(try bundle.script(SystemCallProbe.script(probes)))
                    bundle.configuration.linux?.seccomp = Self.refusing
                    bundle.configuration.process?.noNewPrivileges = gainsNothing
                    let run = SystemCallProbe.statuses(try bundle.script(SystemCallProbe.script(probes)))
                    try bundle.resident()
                    let exec = SystemCallProbe.statuses(
                        try bundle("exec", "box", "sh", "-c", SystemCallProbe.script(probes)))
                    try bundle.remove()
                    for probe in probes {
                        #expect(run[probe.name] == EPERM, "\(probe.name): \(run)")
                        #expect(exec[probe.name] == EPERM, "\(probe.name): \(exec)")
                    }
                    // Some of them the capabilities refuse as well.
                    #expect(unfiltered["personality"] == 0 && unfiltered["keyctl"] != EPERM, "\(unfiltered)")
                }
            }

            @Test func theEntriesOfI386AndX32AreFilteredLikewise() throws {
                let probes = RunningSystemCalls.i386 + RunningSystemCalls.x32 + RunningSystemCalls.allowed
                try TestBundle.with("true") { bundle in
                    try probe(probes, bundle)
                    bundle.configuration.linux?.seccomp = Self.refusing
                    RunningSystemCalls.expectFiltered(
                        SystemCallProbe.statuses(try bundle.script(SystemCallProbe.script(probes))))
                    // An architecture that the profile does not name ends the program that enters by it.
                    bundle.configuration.linux?.seccomp?.architectures = [.x86_64]
                    let strict = SystemCallProbe.statuses(try bundle.script(SystemCallProbe.script(probes)))
                    #expect(strict["getpid"] == 0, "\(strict)")
                    for probe in RunningSystemCalls.i386 + RunningSystemCalls.x32 + [RunningSystemCalls.allowed[1]] {
                        #expect(strict[probe.name] != 0, "\(probe.name): \(strict)")
                    }
                }
            }

            @Test func callsNewerThanTheProfileDoNotExist() throws {
                let probes: [SystemCallProbe] = [
                    .init(name: "newer", number: 600), .init(name: "newest", number: 1000),
                    .init(name: "getpid", number: 39), .init(name: "mount", number: 165),
                ]
                try TestBundle.with("true") { bundle in
                    try probe(probes, bundle)
                    // What such a program and the last steps of the runtime need.
                    bundle.configuration.linux?.seccomp = Seccomp(
                        defaultAction: .errno,
                        syscalls: [
                            .init(
                                names: ["execve", "exit_group", "getpid", "capset", "prctl", "write"], action: .allow)
                        ])
                    for (name, status) in ["newer": ENOSYS, "newest": ENOSYS, "getpid": 0, "mount": EPERM] {
                        bundle.configuration.process?.args = ["/probes/\(name)"]
                        let result = try bundle("run", "box")
                        #expect(result.status == status, "\(name): \(result)")
                    }
                }
            }
        }
    }
#endif
