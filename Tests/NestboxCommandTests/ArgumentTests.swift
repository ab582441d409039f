import ArgumentParser
import Nestbox
import Testing

@testable import nestbox

@Suite struct ArgumentTests {
    private func normalized(_ words: String...) throws -> [String] {
        try ArgumentNormalizer(switches: Run.switches, invertible: ["sig-proxy"], interspersed: false).normalized(words)
    }

    private func parsed(_ words: String...) throws -> Run {
        let normalizer = ArgumentNormalizer(switches: Run.switches, invertible: ["sig-proxy"], interspersed: false)
        return try Run.parse(try normalizer.normalized(words))
    }

    private func configuration(_ words: String...) throws -> ContainerConfiguration {
        let normalizer = ArgumentNormalizer(switches: Run.switches, invertible: ["sig-proxy"], interspersed: false)
        let run = try Run.parse(try normalizer.normalized(words))
        return try run.program.configuration(
            run.container, run.health, run.process, run.storage, run.network, run.isolation, run.resources)
    }

    @Test func spellings() throws {
        #expect(try normalized("-it", "img") == ["--interactive", "--tty", "--", "img"])
        #expect(try normalized("-itm512m", "img") == ["-m=512m", "--interactive", "--tty", "--", "img"])
        #expect(try normalized("-m=512m", "-m", "1g", "img") == ["-m=512m", "-m=1g", "--", "img"])
        #expect(try normalized("--memory-swap", "-1", "img") == ["--memory-swap=-1", "--", "img"])
        #expect(try normalized("--rm=true", "--init=0", "img") == ["--rm", "--", "img"])
        #expect(try normalized("--sig-proxy=false", "img") == ["--no-sig-proxy", "--", "img"])
        #expect(try normalized("--no-sig-proxy", "img") == ["--no-sig-proxy", "--", "img"])
        #expect(try normalized("-i=false", "-i", "img") == ["--interactive", "--", "img"])
        #expect(try normalized("--", "-img") == ["--", "-img"])
        #expect(try normalized() == ["--"])
        #expect(try normalized("--entrypoint=", "-u", "", "img") == ["--entrypoint", "", "-u", "", "--", "img"])
        #expect(throws: UsageError.self) { try normalized("--name") }
        #expect(throws: UsageError.self) { try normalized("-e") }
        #expect(throws: UsageError.self) { try normalized("--rm=perhaps") }
    }

    @Test func everythingAfterTheImageIsTheContainers() throws {
        let run = try parsed("--rm", "busybox", "--rm=false", "-it", "--", "--help", "-", "")
        #expect(run.program.image == "busybox")
        #expect(run.program.command == ["--rm=false", "-it", "--", "--help", "-", ""])
        #expect(run.container.remove)
        #expect(!run.process.interactive)
    }

    @Test func otherCommandsTakeFlagsAnywhere() throws {
        let normalizer = ArgumentNormalizer(switches: Remove.switches, invertible: [], interspersed: true)
        #expect(try normalizer.normalized(["a", "-f", "b", "--", "-v"]) == ["--force", "--", "a", "b", "-v"])
    }

    @Test func optionsBecomeConfiguration() throws {
        let configuration = try configuration(
            "-it", "--rm", "--name", "web", "-eA=b=c", "-e", "X=", "-m512m", "--memory-swap", "-1", "--cpus", "1.5",
            "-v/a:/b:ro",
            "--tmpfs", "/run", "--mount", "type=volume,dst=/c", "--network=host", "--pid", "host", "-u1000:5", "-w",
            "/x/../y",
            "-h", "box", "--entrypoint", "", "--ulimit", "nofile=5", "--ulimit", "nofile=6", "--cap-add", "net_admin",
            "--pids-limit", "0",
            "--stop-timeout", "-1", "-l", "k=v", "--storage-opt", "size=10G", "--sysctl", "net.core.somaxconn=5",
            "busybox", "sh", "-c", "x")
        #expect(configuration.interactive && configuration.tty && configuration.autoRemove)
        #expect(configuration.name == "web")
        #expect(configuration.environment == ["A=b=c", "X="])
        #expect(configuration.resources.memory == 512 << 20)
        #expect(configuration.resources.memorySwap == -1)
        #expect(configuration.resources.nanoCPUs == 1_500_000_000)
        #expect(configuration.resources.pidsLimit == -1)
        #expect(configuration.mounts.map(\.target) == ["/b", "/c", "/run"])
        #expect(configuration.network == .host && configuration.pid == .host)
        #expect(configuration.user == "1000:5")
        #expect(configuration.workingDirectory == "/y")
        #expect(configuration.hostname == "box")
        #expect(configuration.entrypoint == [])
        #expect(configuration.ulimits == [Ulimit(name: "nofile", soft: 6, hard: 6)])
        #expect(configuration.capAdd == ["CAP_NET_ADMIN"])
        #expect(configuration.stopTimeout == -1)
        #expect(configuration.labels == ["k": "v"])
        #expect(configuration.storageSize == 10 << 30)
        #expect(configuration.sysctls == ["net.core.somaxconn": "5"])
        #expect(configuration.command == ["sh", "-c", "x"])
    }

    @Test func plainRunChangesNoDefault() throws {
        #expect(try configuration("busybox") == ContainerConfiguration(image: "busybox"))
    }

    @Test(arguments: [
        ["--memory", "12q"], ["--cpus", "-1"], ["-v", "a"], ["--mount", "x"], ["--tmpfs", "x"], ["--device", "x"],
        ["--ulimit", "x=1"],
        ["--sysctl", "x"], ["-e", "=x"], ["--env-file", "/nonexistent"], ["-l", "=x"], ["--security-opt", "x"],
        ["--cap-add", "-"],
        ["--pid", "x"], ["--ipc", "x"], ["--uts", "x"], ["--cgroupns", "x"], ["--userns", "x"],
        ["--network", "br/idge"], ["--network", "container:"], ["-p", "80:"], ["-p", "1-3:1-2"], ["-p", "70000"],
        ["-p", "80/icmp"], ["-p", "300.0.0.1:80:80"], ["--ip", "fd00::1"], ["--add-host", "a"], ["--dns", "x"],
        ["--network", "host", "--ip", "1.2.3.4"], ["--mac-address", "01:00:00:00:00:00"],
        ["--storage-opt", "size"], ["--storage-opt", "dm.basesize=1g"], ["--storage-opt", "size=x"],
        ["--shm-size", "x"], ["--stop-signal", "x"], ["--stop-timeout", "x"], ["-u", "a b"], ["-w", "x"],
        ["-h", "a b"], ["--name", "/"],
        ["--memory-swap", "5"], ["--memory-swappiness", "101"], ["--cpu-shares", "x"], ["--cpuset-cpus", "x"],
        ["--pids-limit", "-2"],
        ["--blkio-weight", "5"], ["--device-read-bps", "x"], ["--oom-score-adj", "1001"], ["--pull", "often"],
        ["-a", "x"],
        ["--group-add", "a:b"], ["--annotation", "x"], ["--label-file", "/nonexistent"],
        ["-m", "1m", "--memory-reservation", "2m"],
    ])
    func badValues(words: [String]) throws {
        let normalizer = ArgumentNormalizer(switches: Run.switches, invertible: ["sig-proxy"], interspersed: false)
        let run = try Run.parse(try normalizer.normalized(words + ["busybox"]))
        let error = #expect(throws: ConfigurationError.self) {
            try run.program.configuration(
                run.container, run.health, run.process, run.storage, run.network, run.isolation, run.resources)
        }
        #expect(error?.description.hasPrefix("invalid value \"") == true)
        #expect(error?.description.contains("--") == true)
    }

    @Test func switchesAreThoseThatAreDeclared() {
        for type in Root.commands + Root.groups.flatMap({ $0.commands + $0.groups.flatMap { $0.commands } }) {
            var known = Set<Set<String>>()
            for (name, letter) in type.switches {
                known.insert(Set(["--" + name] + (letter.map { ["-\($0)"] } ?? [])))
            }
            var declared = Set(FlagNames.switches(of: type))
            // The dump has the help flag, and both names of a flag that can be turned off.
            let dropped: Set = ["--no-sig-proxy", "--no-pause", "--no-human", "--help"]
            declared = Set(declared.map { $0.subtracting(dropped) }.filter { !$0.isEmpty })
            #expect(declared == known, "\(type.verb)")
        }
    }

    @Test func everyCommandIsFoundByItsName() {
        for type in Root.commands {
            #expect(Root.command(named: type.verb).map { $0 == type } == true, "\(type.verb)")
            #expect(!type.configuration.abstract.isEmpty)
            #expect(FlagNames.of(type).contains("--help"))
        }
        #expect(Root.command(named: "nope") == nil)
    }

    @Test func everyCommandOfAGroupIsFoundByItsName() {
        for group in Root.groups + Root.groups.flatMap({ $0.groups }) {
            let name = group.verb
            if !name.contains(" ") { #expect(Root.group(named: name).map { $0 == group } == true, "\(name)") }
            for type in group.commands {
                let own = type.configuration.commandName ?? type._commandName
                #expect(group.command(named: own).map { $0 == type } == true, "\(name) \(own)")
                #expect(FlagNames.of(type).contains("--help") && !type.configuration.abstract.isEmpty)
            }
        }
        #expect(ContainerGroup.command(named: "stop").map { $0 == Stop.self } == true)
        #expect(ContainerGroup.command(named: "ps").map { $0 == ContainerList.self } == true)
        #expect(ImageGroup.command(named: "load").map { $0 == Load.self } == true)
    }

    @Test func globalFlags() throws {
        let (options, rest) = try GlobalOptions.split(["--root", "/a", "--run-root=/b=c", "run", "--root", "x"])
        #expect(options == GlobalOptions(root: "/a", runRoot: "/b=c"))
        #expect(Array(rest) == ["run", "--root", "x"])
        #expect(throws: UsageError.self) { try GlobalOptions.split(["--root"]) }
        #expect(throws: UsageError.self) { try GlobalOptions.split(["--root=", "ps"]) }
    }

    @Test func errorsAreOneLine() {
        let error = UsageError("unknown flag: --bogus", command: "run")
        #expect(error.description == "unknown flag: --bogus; run 'nestbox run --help' for what is accepted")
        #expect(
            CommandEntry.reason("Missing expected argument '<image>'\nUsage: x") == "an argument is missing: '<image>'")
    }
}
