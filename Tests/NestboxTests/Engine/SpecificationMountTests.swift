import LinuxSystem
import OCISpec
import Testing

@testable import Nestbox

@Suite struct SpecificationMountTests {
    private func input(_ change: (inout ContainerConfiguration) -> Void) -> SpecificationInput {
        var configuration = ContainerConfiguration(image: "busybox", command: ["sh"])
        change(&configuration)
        return SpecificationInput(
            id: String(repeating: "a", count: 64), configuration: configuration, image: ImageSettings(),
            facts: HostFacts(), idRange: IDRange(number: 0), files: ContainerPaths(folder: "/c", runFolder: "/r"))
    }

    private func mounts(_ change: (inout ContainerConfiguration) -> Void) throws -> [RuntimeSpecification.Mount] {
        try input(change).mounts()
    }

    @Test func parentsComeBeforeWhatLiesInThem() throws {
        let targets = try mounts {
            $0.mounts = ["/a/b/c", "/z", "/a", "/a/b"].map {
                MountConfiguration(kind: .bind, source: "/src", target: $0)
            }
        }.map(\.destination)
        #expect(Array(targets.suffix(4)) == ["/z", "/a", "/a/b", "/a/b/c"])
        #expect(targets.first == "/proc")
    }

    @Test func aMountOfTheCallersReplacesADefaultOne() throws {
        let targets = try mounts {
            $0.mounts = [
                MountConfiguration(kind: .bind, source: "/h", target: "/etc/hosts"),
                MountConfiguration(kind: .tmpfs, target: "/dev/shm"),
            ]
        }
        #expect(targets.filter { $0.destination == "/etc/hosts" }.map(\.source) == ["/h"])
        #expect(targets.filter { $0.destination == "/dev/shm" }.count == 1)
        let whole = try mounts { $0.mounts = [MountConfiguration(kind: .bind, source: "/dev", target: "/dev")] }
        #expect(whole.filter { $0.destination.hasPrefix("/dev") }.map(\.destination) == ["/dev"])
    }

    @Test(arguments: [
        (MountConfiguration.Recursion.enabled, true, ["rbind", "rprivate", "rro"]),
        (.readonly, true, ["rbind", "rprivate", "rro"]), (.writable, true, ["rbind", "rprivate", "ro"]),
        (.disabled, true, ["bind", "rprivate", "ro"]), (.enabled, false, ["rbind", "rprivate"]),
    ])
    func bindOptions(recursion: MountConfiguration.Recursion, readOnly: Bool, expected: [String]) throws {
        let mount = try mounts {
            var mount = MountConfiguration(kind: .bind, source: "/s", target: "/t", readOnly: readOnly)
            mount.recursion = recursion
            $0.mounts = [mount]
        }.last
        #expect(mount == .init(destination: "/t", type: "bind", source: "/s", options: expected))
    }

    @Test func sharedMountsNeedASharedRoot() throws {
        func propagation(_ kind: MountConfiguration.Propagation?) -> String? {
            input {
                var mount = MountConfiguration(kind: .bind, source: "/s", target: "/t")
                mount.propagation = kind
                $0.mounts = [mount]
            }.rootPropagation
        }
        #expect(propagation(nil) == nil)
        #expect(propagation(.rshared) == "rshared")
        #expect(propagation(.slave) == "rslave")
    }

    @Test func tmpfs() throws {
        let mount = try mounts {
            var mount = MountConfiguration(kind: .tmpfs, target: "/t", readOnly: true)
            mount.tmpfsSize = 4096
            mount.tmpfsMode = 0o700
            $0.mounts = [mount]
        }.last
        #expect(mount?.options == ["noexec", "nosuid", "nodev", "size=4096", "mode=700", "ro"])
    }

    @Test func volumesAreBindMounts() throws {
        var input = input {
            $0.mounts = [MountConfiguration(kind: .volume, source: "data", target: "/data", readOnly: true)]
        }
        #expect(throws: EngineError.self) { try input.mounts() }
        input.volumes = ["/data": "/root/volumes/data/_data", "/image": "/root/volumes/x/_data"]
        let mounts = try input.mounts().suffix(2)
        #expect(
            Array(mounts) == [
                .init(
                    destination: "/data", type: "bind", source: "/root/volumes/data/_data",
                    options: ["rbind", "rprivate", "ro"]),
                .init(
                    destination: "/image", type: "bind", source: "/root/volumes/x/_data",
                    options: ["rbind", "rprivate"]),
            ])
    }

    @Test func filesAreReadOnlyWithAReadOnlyRoot() throws {
        let mounts = try mounts { $0.readOnly = true }
        #expect(mounts.filter { $0.destination.hasPrefix("/etc/") }.allSatisfy { $0.options.contains("ro") })
    }

    /// A filesystem of a namespace of the host cannot be mounted from inside another user namespace.
    @Test func hostNamespacesInAPrivateUserNamespace() throws {
        var input = input {
            $0.network = .host
            $0.pid = .host
            $0.ipc = .host
            $0.cgroupns = .host
            $0.userns = .private
        }
        input.facts.sharedMemoryFolders = ["/dev/shm", "/dev/mqueue"]
        let mounts = try input.mounts()
        for target in ["/proc", "/sys", "/sys/fs/cgroup", "/dev/shm", "/dev/mqueue"] {
            #expect(mounts.first { $0.destination == target }?.type == "bind")
        }
        for target in ["/sys", "/sys/fs/cgroup"] {
            #expect(mounts.first { $0.destination == target }?.options.contains("rro") == true)
        }
        // What the host does not have is not shared.
        input.facts.sharedMemoryFolders = []
        let others = try input.mounts()
        #expect(others.first { $0.destination == "/dev/shm" }?.type == "tmpfs")
        #expect(!others.contains { $0.destination == "/dev/mqueue" })
    }

    @Test func aVolumeAtEtcDoesNotHideTheFilesOfTheEngine() throws {
        let targets = try mounts {
            $0.mounts = [MountConfiguration(kind: .bind, source: "/s", target: "/etc")]
        }.map(\.destination)
        let etc = try #require(targets.firstIndex(of: "/etc"))
        #expect(targets.suffix(from: etc) == ["/etc", "/etc/resolv.conf", "/etc/hostname", "/etc/hosts"])
    }
}

@Suite struct SpecificationResourceTests {
    private typealias Resources = RuntimeSpecification.Linux.Resources

    private func resources(
        devices: [DeviceMapping] = [], facts: HostFacts = HostFacts(),
        _ change: (inout ResourceConfiguration) -> Void = { _ in }
    ) -> RuntimeSpecification.Linux.Resources {
        var configuration = ContainerConfiguration(image: "x", command: ["x"])
        configuration.devices = devices
        change(&configuration.resources)
        return SpecificationInput(
            id: "", configuration: configuration, image: ImageSettings(), facts: facts,
            files: ContainerPaths(folder: "", runFolder: "")
        ).resources()
    }

    @Test func nothingIsLimitedButProcesses() {
        let resources = resources()
        #expect(resources.memory == nil && resources.cpu == nil && resources.blockIO == nil)
        #expect(resources.pids?.limit == 4096)
    }

    @Test func memory() {
        #expect(resources { $0.memory = 1 << 20 }.memory == .init(limit: 1 << 20, swap: 2 << 20))
        #expect(
            resources {
                $0.memory = 1 << 20
                $0.memorySwap = -1
            }.memory == .init(limit: 1 << 20, swap: -1))
        #expect(
            resources {
                $0.memory = 1 << 20
                $0.memorySwap = 1 << 20
            }.memory == .init(limit: 1 << 20, swap: 1 << 20))
        #expect(resources { $0.memoryReservation = 4096 }.memory == .init(reservation: 4096))
        #expect(resources { $0.memory = .max }.memory?.swap == -1)
    }

    @Test func processors() {
        #expect(resources { $0.nanoCPUs = 1_500_000_000 }.cpu == .init(quota: 150_000, period: 100_000))
        #expect(resources { $0.nanoCPUs = 1_000_000 }.cpu == .init(quota: 1000, period: 100_000))
        #expect(
            resources {
                $0.cpuShares = 512
                $0.cpusetCPUs = "0"
            }.cpu == .init(shares: 512, cpus: "0"))
    }

    @Test(arguments: [(nil, 4096), (0, 4096), (-1, -1), (7, 7)] as [(Int64?, Int64)])
    func processes(given: Int64?, expected: Int64) {
        #expect(resources { $0.pidsLimit = given }.pids?.limit == expected)
    }

    @Test func deviceRules() {
        var facts = HostFacts()
        facts.devices = ["/dev/fuse": [HostDevice(path: "/dev/fuse", kind: .character, major: 10, minor: 229)]]
        let mapping = DeviceMapping(hostPath: "/dev/fuse", containerPath: "/dev/f", permissions: "rw")
        let rules = resources(devices: [mapping], facts: facts).devices
        #expect(rules.first == .init(allow: false, access: "rwm"))
        #expect(rules.last == .init(allow: true, type: .character, major: 10, minor: 229, access: "rw"))
        #expect(rules.contains(.init(allow: true, type: .character, major: 1, minor: 3, access: "rwm")))
        #expect(!rules.contains { $0.allow && $0.major == 10 && $0.minor == 200 })
    }

    @Test func devicesOfAFolderKeepTheirPlace() {
        var configuration = ContainerConfiguration(image: "x", command: ["x"])
        configuration.devices = [DeviceMapping(hostPath: "/dev/snd", containerPath: "/dev/sound")]
        var facts = HostFacts()
        facts.devices = [
            "/dev/snd": [HostDevice(path: "/dev/snd/seq", kind: .character, major: 116, minor: 1, mode: 0o660, gid: 29)]
        ]
        let devices = SpecificationInput(
            id: "", configuration: configuration, image: ImageSettings(), facts: facts,
            files: ContainerPaths(folder: "", runFolder: "")
        ).devices()
        #expect(
            devices == [
                .init(
                    path: "/dev/sound/seq", type: .character, major: 116, minor: 1, fileMode: 0o660, uid: 0, gid: 29)
            ])
    }

    @Test func deviceNumbersOfThisHost() throws {
        let null = try #require(HostFacts.device(at: "/dev/null"))
        #expect((null.kind, null.major, null.minor) == (.character, 1, 3))
        #expect(HostFacts.device(at: "/etc/passwd") == nil)
        var configuration = ContainerConfiguration(image: "x")
        configuration.devices = [DeviceMapping(hostPath: "/dev/nonexistent", containerPath: "/dev/x")]
        #expect(throws: EngineError.self) { try HostFacts(gatheredFor: configuration) }
    }
}
