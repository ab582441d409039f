import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `linux.netDevices`: devices move into the container, with their names and addresses, or stay as they were.
    ///
    /// The devices are in a network namespace of the test's own, from which the runtime is started.
    @Suite struct RuntimeNetworkDevices {
        private typealias Device = RuntimeSpecification.Linux.NetworkDevice

        /// `near`, with addresses of all kinds, is one end of a pair.
        private static let preparation = """
            ip link add near type veth peer name far && ip link set near mtu 1400 up && ip link set far up || exit 90
            ip address add 10.7.0.1/24 broadcast 10.7.0.255 dev near || exit 91
            ip address add 10.7.1.1 peer 10.7.1.2/32 dev near || exit 92
            ip -6 address add fd00:7::1/64 dev near nodad || exit 93
            ip address add 10.7.2.1/24 dev near valid_lft 1000 preferred_lft 1000 || exit 94
            ip address add 10.7.3.1/24 scope link dev near || exit 95

            """

        /// Runs a shell script beside the devices, in which `runtime` is the bundle's.
        private func script(_ bundle: TestBundle, _ text: String) throws -> CommandResult {
            try bundle.write()
            let function = "cd \"$0\"; runtime() { \"$PROGRAM\" --root \"$ROOT\" \"$@\"; }\n"
            return try Command.run(
                ["unshare", "-n", "sh", "-c", function + Self.preparation + text, bundle.folder],
                environment: ["PROGRAM": bundle.program, "ROOT": bundle.root], seconds: 30 * TestEngine.patience)
        }

        @Test(arguments: Users.allCases) func aDeviceMovesWithItsAddresses(_ users: Users) throws {
            try TestBundle.with(users) { bundle in
                bundle.configuration.process?.args = ["ip", "address", "show", "dev", "eth9"]
                bundle.configuration.linux?.netDevices = ["near": Device(name: "eth9")]
                let run = try script(bundle, "runtime run box; s=$?; ip link show near 2>&1; exit $s")
                #expect(run.status == 0, "\(run)")
                for part in [
                    "eth9@", "mtu 1400", "10.7.0.1/24 brd 10.7.0.255", "10.7.1.1 peer 10.7.1.2/32", "fd00:7::1/64",
                ] {
                    #expect(run.output.contains(part), "\(part): \(run)")
                }
                #expect(run.output.contains("UP"), "\(run)")
                // What ends by itself, or is of one link only, stays behind.
                #expect(!run.output.contains("10.7.2.1") && !run.output.contains("10.7.3.1"), "\(run)")
                // The network namespace has ended, and the pair with it.
                #expect(run.output.contains("Device \"near\" does not exist"), "\(run)")
            }
        }

        @Test func aTemplateIsFilledIn() throws {
            try TestBundle.with("sh", "-c", "ip -o link | cut -d : -f 2") { bundle in
                bundle.configuration.linux?.netDevices = ["near": Device(name: "eth%d"), "far": Device(name: "eth%d")]
                let run = try script(bundle, "runtime run box")
                #expect(run.status == 0, "\(run)")
                let names = run.lines.map { String($0.prefix { $0 != "@" }.drop { $0 == " " }) }
                #expect(Set(names) == ["lo", "eth0", "eth1"], "\(run)")
            }
        }

        @Test func aDeviceMovesIntoANamespaceThatIsJoined() throws {
            try TestBundle.with("ip", "address", "show", "dev", "near") { bundle in
                bundle.configuration.linux?.netDevices = ["near": Device()]
                bundle.configuration.linux?.namespaces.removeAll { $0.type == .network }
                bundle.configuration.linux?.namespaces.append(.init(type: .network, path: "\(bundle.folder)/net"))
                let run = try script(
                    bundle,
                    """
                    touch net; unshare --net="$0/net" true || exit 96
                    runtime run box; s=$?
                    nsenter --net="$0/net" ip -o link show near; umount net; exit $s
                    """)
                #expect(run.status == 0, "\(run)")
                #expect(run.output.contains("10.7.0.1/24"), "\(run)")
                // Nobody takes it out again.
                #expect(run.lines.last?.contains("near@") == true, "\(run)")
            }
        }

        /// The name is taken: nothing has moved, and the device is as it was.
        @Test func aTakenNameIsRefused() throws {
            try TestBundle.with("true") { bundle in
                bundle.configuration.linux?.netDevices = ["near": Device(name: "lo")]
                let run = try script(bundle, "runtime run box; s=$?; ip address show dev near; exit $s")
                #expect(run.status == 1, "\(run)")
                #expect(
                    run.error.contains(
                        "cannot move the network device near into the container as lo: the container's network namespace has "
                            + "a device lo already"), "\(run)")
                for part in [" mtu 1400", ",UP", "10.7.0.1/24", "fd00:7::1/64", "10.7.2.1/24"] {
                    #expect(run.output.contains(part), "\(part): \(run)")
                }
            }
        }

        /// The second of two cannot move: the first comes back, with its addresses.
        @Test func allMoveOrNone() throws {
            try TestBundle.with("true") { bundle in
                bundle.configuration.linux?.netDevices = ["near": Device(name: "eth9"), "nosuch": Device()]
                let run = try script(bundle, "runtime run box; s=$?; ip address show dev near; exit $s")
                #expect(run.status == 1, "\(run)")
                #expect(run.error.contains("this network namespace has no device of that name"), "\(run)")
                for part in [" mtu 1400", ",UP", "10.7.0.1/24", "10.7.1.1 peer 10.7.1.2/32", "fd00:7::1/64"] {
                    #expect(run.output.contains(part), "\(part): \(run)")
                }
            }
        }

        /// The loopback cannot leave its namespace: the kernel says why.
        @Test func whatCannotMoveIsSaid() throws {
            try TestBundle.with("true") { bundle in
                bundle.configuration.linux?.netDevices = ["lo": Device(name: "lo1")]
                let run = try script(bundle, "runtime run box")
                #expect(run.status == 1, "\(run)")
                #expect(
                    run.error.contains("cannot move the network device lo into the container as lo1: Invalid argument"),
                    "\(run)")
            }
        }

        @Test func aNetworkNamespaceOfItsOwnIsNeeded() throws {
            try TestBundle.with("true") { bundle in
                bundle.configuration.linux?.netDevices = ["near": Device(name: "eth9")]
                let namespaces = bundle.configuration.linux?.namespaces.filter { $0.type != .network } ?? []
                for path in [nil, "/proc/self/ns/net"] {
                    bundle.configuration.linux?.namespaces =
                        namespaces + (path.map { [.init(type: .network, path: $0)] } ?? [])
                    let run = try script(bundle, "runtime run box; s=$?; ip -o link show near; exit $s")
                    #expect(run.status == 1 && run.output.contains("near@"), "\(run)")
                    #expect(
                        run.error.contains("linux.netDevices: they need a network namespace of the container's own"),
                        "\(run)")
                }
                bundle.configuration.linux?.namespaces = namespaces + [.init(type: .network)]
                for (old, new, reason) in [
                    ("near", "far/away", "far/away is no name"), ("near", "a-name-too-long-for-it", "is no name"),
                    ("near", "x%s", "x%s is no name"),
                ] {
                    bundle.configuration.linux?.netDevices = [old: Device(name: new)]
                    let run = try script(bundle, "runtime run box")
                    #expect(run.status == 1 && run.error.contains(reason), "\(run)")
                }
                bundle.configuration.linux?.netDevices = ["near": Device(name: "eth9"), "far": Device(name: "eth9")]
                let twice = try script(bundle, "runtime run box")
                #expect(twice.error.contains("two devices cannot both be eth9"), "\(twice)")
            }
        }

        @Test func featuresListIt() throws {
            try TestBundle.with("true") { bundle in
                let features = try JSONValue(parsing: Array(bundle("features").output.utf8))
                #expect(features["linux"]?["netDevices"]?["enabled"] == true)
            }
        }
    }
}
