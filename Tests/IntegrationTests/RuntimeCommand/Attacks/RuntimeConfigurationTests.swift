import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container", row 12 (a length that overflows, CVE-2021-43784, in whatever form the runtime's two
    /// halves speak) and a configuration of hostile size, nesting and numbers.
    @Suite struct RuntimeConfigurations {
        /// One line, no crash, nothing left.
        private static func isRefused(_ result: CommandResult) -> Bool {
            result.status == 1 && result.output.isEmpty && result.error.hasSuffix("\n") && result.error.count < 20_000
                && result.error.split(separator: "\n").count == 1
        }

        @Test func aDocumentThatIsNoneIsRefusedAtOnce() throws {
            try TestBundle.with("true") { bundle in
                let good = String(decoding: bundle.configuration.jsonBytes(), as: UTF8.self)
                let start = time(nil)
                for text in [
                    "", " ", "[]", "null", "{}", "\u{0}", good + "x", good + good, String(good.dropLast()),
                    String(repeating: "[", count: 1_000_000), String(repeating: "{\"a\":", count: 500_000),
                    "{\"process\":" + String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
                        + "}",
                    String(repeating: " ", count: 17 << 20), "\"" + String(repeating: "a", count: 5 << 20) + "\"",
                    "{\"ociVersion\":" + String(repeating: "9", count: 1_000_000) + "}", "{\"a\":1e999999999}",
                ] {
                    let result = try bundle.run(configuration: text)
                    #expect(Self.isRefused(result), "\(text.prefix(40)): \(result)")
                }
                unlink("\(bundle.folder)/config.json")
                for target in ["/dev/zero", "/proc/self/mem", "/", "config.json", "/nosuch"] {
                    try retrying("link", target) { symlink(target, "\(bundle.folder)/config.json") }
                    let result = try Command.run(bundle.command(["run", "box"]), seconds: 20)
                    #expect(Self.isRefused(result), "\(target): \(result)")
                    unlink("\(bundle.folder)/config.json")
                }
                #expect(time(nil) - start < 15 * TestEngine.patience)
            }
        }

        /// A member twice: what is checked must be what is used.
        @Test func aMemberThatIsThereTwiceIsNotTwoThings() throws {
            try TestBundle.with("true") { bundle in
                bundle.configuration.process?.args = ["id", "-u"]
                let text = String(decoding: bundle.configuration.jsonBytes(), as: UTF8.self)
                let rest = text.dropFirst()
                for extra in [
                    "\"process\":{\"args\":[\"id\",\"-u\"],\"cwd\":\"/\",\"user\":{\"uid\":5,\"uid\":0,\"gid\":5}},",
                    "\"process\":{\"args\":[\"id\",\"-u\"],\"cwd\":\"/\",\"user\":{\"uid\":5,\"gid\":5}},",
                ] {
                    let result = try bundle.run(configuration: "{\(extra)\(rest)")
                    #expect(result.status == 1 && result.output.isEmpty, "\(result)")
                }
            }
        }

        /// C's strings end where these go on: a check of the whole text would not see what the kernel sees.
        @Test func aNulCharacterIsRefusedEverywhere() throws {
            try TestBundle.with("true") { bundle in
                let configuration = bundle.configuration
                let changes: [(inout RuntimeSpecification) -> Void] = [
                    { $0.process?.args = ["true\0x"] }, { $0.process?.env = ["A=b\0C=d"] },
                    { $0.process?.cwd = "/\0x" },
                    { $0.root?.path = "rootfs\0x" }, { $0.hostname = "a\0b" }, { $0.domainname = "a\0b" },
                    { $0.mounts.insert(.init(destination: "/proc\0/x", type: "tmpfs", source: "tmpfs"), at: 0) },
                    { $0.mounts.append(.init(destination: "/x", type: "tmpfs\0x", source: "tmpfs")) },
                    { $0.mounts.append(.init(destination: "/x", type: "bind", source: "/etc\0x")) },
                    { $0.mounts.append(.init(destination: "/x", type: "tmpfs", source: "x", options: ["size=1\0k"])) },
                    { $0.linux?.maskedPaths = ["/proc/keys\0x"] }, { $0.linux?.readonlyPaths = ["/proc/sys\0x"] },
                    { $0.linux?.sysctl = ["kernel.shmmni": "1\0002"] }, { $0.linux?.sysctl = ["kernel.shmmni\0": "1"] },
                    { $0.linux?.cgroupsPath = "/a\0b" }, { $0.linux?.namespaces[0].path = "/proc/1/ns/pid\0" },
                    { $0.linux?.devices = [.init(path: "/dev/x\0y", type: .character, major: 1, minor: 3)] },
                    { $0.hooks = .init(createRuntime: [.init(path: "/bin/true\0x")]) },
                    { $0.hooks = .init(createRuntime: [.init(path: "/bin/true", args: ["a\0b"])]) },
                    { $0.hooks = .init(createRuntime: [.init(path: "/bin/true", env: ["a=\0b"])]) },
                ]
                for (index, change) in changes.enumerated() {
                    bundle.configuration = configuration
                    change(&bundle.configuration)
                    let result = try bundle("run", "box")
                    #expect(Self.isRefused(result), "change \(index): \(result)")
                }
            }
        }

        @Test func lengthsAndCountsNeitherOverflowNorAreCut() throws {
            try TestBundle.with("true") { bundle in
                let configuration = bundle.configuration
                let long = "/" + String(repeating: "a/", count: 60_000)
                let map = [RuntimeSpecification.IDMapping(containerID: .max, hostID: .max, size: .max)]
                let maps = (0..<400).map {
                    RuntimeSpecification.IDMapping(containerID: UInt32($0), hostID: 200_000 + UInt32($0), size: 1)
                }
                let refused: [(inout RuntimeSpecification) -> Void] = [
                    { $0.process?.args = [String](repeating: "a", count: 300_000) },
                    { $0.process?.env = ["A=" + String(repeating: "b", count: 200_000)] }, { $0.process?.cwd = long },
                    { $0.process?.cwd = "/" + String(repeating: "a", count: 256) }, { $0.root?.path = long },
                    { $0.hostname = String(repeating: "a", count: 65) },
                    { $0.domainname = String(repeating: "a", count: 65_600) },
                    { $0.mounts.append(.init(destination: long, type: "tmpfs", source: "tmpfs")) },
                    { $0.mounts.append(.init(destination: "/x", type: "bind", source: long)) },
                    { $0.linux?.maskedPaths = [long] }, { $0.linux?.cgroupsPath = long },
                    { $0.hooks = .init(createRuntime: [.init(path: "/bin/true", timeout: .max)]) },
                    { $0.hooks = .init(createRuntime: [.init(path: "/bin/true", timeout: -1)]) },
                    { $0.hooks = .init(createRuntime: [.init(path: "/bin/true", timeout: 0)]) },
                    { $0.hooks = .init(createRuntime: [.init(path: long)]) },
                    { $0.process?.oomScoreAdj = .max }, { $0.process?.user.additionalGids = Array(1...70_000) },
                    {
                        $0.linux?.namespaces.append(.init(type: .user))
                        $0.linux?.uidMappings = map
                        $0.linux?.gidMappings = map
                    },
                    {
                        $0.linux?.namespaces.append(.init(type: .user))
                        $0.linux?.uidMappings = maps
                        $0.linux?.gidMappings = maps
                    },
                    {
                        // More instructions than the kernel takes (BPF_MAXINSNS): none is left out.
                        let rules = (0..<5000).map {
                            RuntimeSpecification.Linux.Seccomp.Syscall(
                                names: ["ioctl"], action: .errno, args: [.init(index: 1, value: UInt64($0), op: .equal)]
                            )
                        }
                        $0.linux?.seccomp = .init(defaultAction: .allow, syscalls: rules)
                    },
                ]
                for (index, change) in refused.enumerated() {
                    bundle.configuration = configuration
                    change(&bundle.configuration)
                    let result = try bundle("run", "box")
                    #expect(result.status == 1 && result.output.isEmpty, "change \(index): \(result.error.prefix(300))")
                }
                // Many are no reason to refuse.
                bundle.configuration = configuration
                bundle.configuration.mounts += (0..<1000).map {
                    .init(destination: "/tmp/\($0)", type: "tmpfs", source: "tmpfs", options: ["size=4k"])
                }
                bundle.configuration.process?.user.additionalGids = Array(1...60_000)
                bundle.configuration.process?.env += (0..<5000).map { "V\($0)=\($0)" }
                let many = try bundle.script("grep -c ' /tmp/' /proc/mounts; env | grep -c ^V; id -G | wc -w")
                #expect(many.output == "1000\n5000\n60001\n", "\(many)")
            }
        }
    }
}
