import LinuxSystem
import OCISpec
import Testing

@testable import Nestbox

@Suite struct SpecificationTests {
    private static let id = String(repeating: "0123456789abcdef", count: 4)

    private func input(
        _ change: (inout ContainerConfiguration) throws -> Void = { _ in }
    ) throws -> SpecificationInput {
        var configuration = ContainerConfiguration(image: "busybox", command: ["sh"])
        try change(&configuration)
        var facts = HostFacts()
        facts.hostname = "host"
        var input = SpecificationInput(
            id: Self.id, configuration: configuration, image: ImageSettings(), facts: facts,
            files: ContainerPaths(folder: "/root/c", runFolder: "/run/c"))
        if (try? UserNamespaceChoice(configuration)) == .own { input.idRange = IDRange(number: 0) }
        return input
    }

    private func specification(
        _ change: (inout ContainerConfiguration) throws -> Void = { _ in }
    ) throws -> RuntimeSpecification {
        try input(change).specification().specification
    }

    private func refusal(_ change: (inout ContainerConfiguration) -> Void) -> String {
        do {
            _ = try specification(change)
            return "nothing was refused"
        } catch {
            return "\(error)"
        }
    }

    /// The whole configuration of a container that asks for nothing, word for word.
    @Test func theDefaultContainer() throws {
        let specification = try specification()
        let expected = try RuntimeSpecification(json: try JSONValue(parsing: GoldenSpecification.defaultContainer))
        #expect(specification == expected)
        // The golden text is what is written, too: nothing is lost on the way.
        #expect(try RuntimeSpecification(jsonBytes: specification.jsonBytes()) == specification)
    }

    @Test func theSameInputGivesTheSameOutput() throws {
        let input = try input { $0.sysctls = ["net.a": "1", "net.b": "2", "kernel.sem": "3"] }
        let first = try input.specification().specification.jsonBytes()
        for _ in 0..<5 { #expect(try input.specification().specification.jsonBytes() == first) }
    }

    // MARK: The process

    @Test(
        arguments: [
            (nil, [], ["e", "c"]), (nil, ["x"], ["e", "x"]), (["n"], [], ["n"]), (["n"], ["x"], ["n", "x"]),
            ([], ["x"], ["x"]),
        ] as [([String]?, [String], [String])])
    func entrypointAndCommand(entrypoint: [String]?, command: [String], expected: [String]) throws {
        var input = try input {
            $0.entrypoint = entrypoint
            $0.command = command
        }
        input.image.entrypoint = ["e"]
        input.image.command = ["c"]
        #expect(try input.arguments() == expected)
    }

    @Test func noCommandAtAllIsRefused() {
        #expect(refusal { $0.command = [] }.contains("no command"))
        #expect(refusal { ($0.entrypoint, $0.command) = ([], []) }.contains("no command"))
        #expect(refusal { $0.command = [""] }.contains("empty"))
    }

    @Test func environment() throws {
        var input = try input {
            $0.environment = ["A=mine", "GONE", "EMPTY=", "PATH=/bin"]
            $0.tty = true
        }
        input.image.environment = ["A=image", "GONE=1", "B=2"]
        #expect(
            input.environment() == ["PATH=/bin", "HOSTNAME=0123456789ab", "TERM=xterm", "A=mine", "B=2", "EMPTY="])
    }

    @Test(
        arguments: [
            ("", nil, "/"), ("/app", nil, "/app"), ("app/../x", nil, "/x"), ("/app", "/work/", "/work"),
            ("", "../../etc", "/etc"),
        ] as [(String, String?, String)])
    func workingDirectory(image: String, given: String?, expected: String) throws {
        var input = try input { $0.workingDirectory = given }
        input.image.workingDirectory = image
        #expect(input.workingDirectory == expected)
    }

    @Test func userAndStopSignal() throws {
        var input = try input()
        input.image.user = "daemon"
        input.image.stopSignal = "SIGQUIT"
        #expect(try input.specification().user == "daemon")
        #expect(try input.specification().stopSignal == 3)
        input.configuration.user = "1000:100"
        input.configuration.stopSignal = "USR1"
        #expect(try input.specification().user == "1000:100")
        #expect(try input.specification().stopSignal == 10)
        input.configuration.stopSignal = "NONSENSE"
        #expect(throws: EngineError.self) { try input.specification() }
    }

    @Test func capabilities() throws {
        let set = try specification {
            $0.capAdd = ["NET_ADMIN"]
            $0.capDrop = ["mknod"]
        }.process?.capabilities
        #expect(set?.bounding.contains("CAP_NET_ADMIN") == true)
        #expect(set?.bounding.contains("CAP_MKNOD") == false)
        #expect(set?.effective == set?.bounding && set?.permitted == set?.bounding)
        #expect(set?.inheritable == [] && set?.ambient == [])
        #expect(try specification { $0.capDrop = ["ALL"] }.process?.capabilities?.bounding == [])
        #expect(refusal { $0.capAdd = ["NET_ADMN"] }.contains("did you mean CAP_NET_ADMIN"))
    }

    @Test func limitsAboveTheHardLimit() throws {
        var input = try input { $0.ulimits = [Ulimit(name: "nofile", soft: 10, hard: 5000)] }
        #expect(
            try input.specification().specification.process?.rlimits == [
                .init(type: "RLIMIT_NOFILE", hard: 5000, soft: 10)
            ])
        input.facts.canRaiseLimits = false
        input.facts.hardLimits = ["nofile": 4096]
        #expect(throws: EngineError.self) { try input.specification() }
        input.facts.hardLimits = ["nofile": 5000]
        _ = try input.specification()
    }

    // MARK: Namespaces

    private func kinds(_ specification: RuntimeSpecification) -> [RuntimeSpecification.Linux.Namespace.Kind] {
        specification.linux?.namespaces.map(\.type) ?? []
    }

    @Test func hostNamespacesTakeTheHostsUserNamespace() throws {
        #expect(kinds(try specification()) == [.user, .mount, .network, .pid, .ipc, .uts, .cgroup])
        #expect(kinds(try specification { $0.network = .host }) == [.mount, .pid, .ipc, .uts, .cgroup])
        #expect(kinds(try specification { $0.pid = .host }) == [.mount, .network, .ipc, .uts, .cgroup])
        #expect(kinds(try specification { $0.ipc = .host }) == [.mount, .network, .pid, .uts, .cgroup])
        #expect(kinds(try specification { $0.uts = .host }) == [.user, .mount, .network, .pid, .ipc, .cgroup])
        #expect(kinds(try specification { $0.privileged = true }) == [.mount, .network, .pid, .ipc, .uts, .cgroup])
        #expect(kinds(try specification { $0.userns = .host }) == [.mount, .network, .pid, .ipc, .uts, .cgroup])
        #expect(
            kinds(
                try specification {
                    $0.network = .host
                    $0.userns = .private
                }) == [.user, .mount, .pid, .ipc, .uts, .cgroup])
    }

    @Test func joiningAContainerTakesItsUserNamespace() throws {
        var configuration = ContainerConfiguration(image: "x")
        configuration.pid = .container("web")
        #expect(try UserNamespaceChoice(configuration) == .container("web"))
        configuration.ipc = .container("web")
        #expect(try UserNamespaceChoice(configuration) == .container("web"))
        configuration.ipc = .container("db")
        #expect(throws: EngineError.self) { try UserNamespaceChoice(configuration) }
        configuration.ipc = .private
        configuration.userns = .host
        #expect(throws: EngineError.self) { try UserNamespaceChoice(configuration) }

        var input = try input { $0.pid = .container("web") }
        input.idRange = IDRange(number: 5)
        #expect(throws: EngineError.self) { try input.specification() }
        input.joined = [.pid: "/proc/7/ns/pid", .user: "/proc/7/ns/user"]
        let linux = try #require(try input.specification().specification.linux)
        #expect(linux.namespaces.first == .init(type: .user, path: "/proc/7/ns/user"))
        #expect(linux.namespaces.contains(.init(type: .pid, path: "/proc/7/ns/pid")))
        #expect(linux.uidMappings == [])
    }

    @Test func hostname() throws {
        #expect(try specification().hostname == "0123456789ab")
        #expect(try specification { $0.hostname = "web" }.hostname == "web")
        #expect(try specification { $0.network = .host }.hostname == "host")
        #expect(try specification { $0.uts = .host }.hostname == nil)
        #expect(try specification { $0.domainname = "example.org" }.domainname == "example.org")
    }

    // MARK: Protection

    @Test func privileged() throws {
        let specification = try specification { $0.privileged = true }
        let linux = try #require(specification.linux)
        #expect(linux.maskedPaths == [] && linux.readonlyPaths == [])
        #expect(linux.resources?.devices == [.init(allow: true, access: "rwm")])
        #expect(specification.mounts.first { $0.destination == "/sys" }?.options.contains("rw") == true)
        #expect(specification.mounts.first { $0.destination == "/sys/fs/cgroup" }?.options.contains("rw") == true)
        #expect(specification.process?.capabilities?.bounding.contains("CAP_SYS_ADMIN") == true)
        #expect(try input { $0.privileged = true }.specification().usesDefaultSeccomp == false)
    }

    @Test func seccomp() throws {
        #expect(try input().specification().usesDefaultSeccomp)
        #expect(try specification().linux?.seccomp == nil)
        #expect(try !input { $0.securityOptions.seccomp = .unconfined }.specification().usesDefaultSeccomp)
        let profile = #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"}]}"#
        let given = try input { $0.securityOptions.seccomp = .profile(profile) }.specification()
        #expect(given.specification.linux?.seccomp?.defaultAction == .allow)
        #expect(!given.usesDefaultSeccomp)
        #expect(refusal { $0.securityOptions.seccomp = .profile("{") }.contains("seccomp"))
    }

    @Test func thermalThrottleCountersAreMasked() throws {
        var input = try input()
        input.facts.processors = 2
        input.facts.showsThermalThrottle = true
        let masked = try input.specification().specification.linux?.maskedPaths ?? []
        #expect(masked.contains("/sys/devices/system/cpu/cpu1/thermal_throttle"))
        #expect(try specification { $0.securityOptions.systemPathsUnconfined = true }.linux?.maskedPaths == [])
    }

    @Test(arguments: [
        "net.core.somaxconn", "net/core/somaxconn", "kernel.shmmax", "fs.mqueue.msg_max",
        "net/ipv4/conf/eth0.1/forwarding",
    ])
    func namespacedSysctls(name: String) throws {
        let set = try specification { $0.sysctls = [name: "1"] }.linux?.sysctl ?? [:]
        #expect(set[SysctlRules.dotted(name)] == "1")
    }

    @Test(arguments: [
        "vm.swappiness", "kernel.core_pattern", "kernel.hostname", "net", "net..x", "net.../../kernel/x",
        "fs.suid_dumpable",
    ])
    func otherSysctlsAreRefused(name: String) {
        #expect(refusal { $0.sysctls = [name: "1"] }.contains("--sysctl"))
    }

    @Test func sysctlsOfSharedNamespacesAreRefused() {
        #expect(
            refusal {
                $0.network = .host
                $0.sysctls = ["net.core.somaxconn": "1"]
            }.contains("--network host"))
        #expect(
            refusal {
                $0.ipc = .host
                $0.sysctls = ["kernel.sem": "1"]
            }.contains("--ipc host"))
        #expect(refusal { $0.sysctls = ["net.x": "1\n2"] }.contains("line break"))
    }
}
