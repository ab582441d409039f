import ContainerNetwork
import LinuxNetwork
import Testing

@testable import Nestbox

@Suite struct OptionParsingTests {
    @Test func devices() throws {
        #expect(
            try DeviceMapping(parsing: "/dev/fuse", option: "--device")
                == DeviceMapping(hostPath: "/dev/fuse", containerPath: "/dev/fuse"))
        #expect(
            try DeviceMapping(parsing: "/dev/fuse:rw", option: "--device")
                == DeviceMapping(hostPath: "/dev/fuse", containerPath: "/dev/fuse", permissions: "rw"))
        #expect(
            try DeviceMapping(parsing: "/dev/sda:/dev/xvda:r", option: "--device")
                == DeviceMapping(hostPath: "/dev/sda", containerPath: "/dev/xvda", permissions: "r"))
        for text in [
            "", "fuse", "/dev/fuse:", "/dev/fuse:x", "/dev/fuse:rr", "/dev/fuse:/dev/f:", "/a:/b:rwx", "/a:/b:r:w",
            "vendor.com/gpu=all",
        ] {
            #expect(throws: ConfigurationError.self, "\(text)") { try DeviceMapping(parsing: text, option: "--device") }
        }
    }

    @Test func deviceRates() throws {
        #expect(
            try DeviceRate(parsing: "/dev/sda:1m", bytes: true, option: "--device-read-bps")
                == DeviceRate(path: "/dev/sda", rate: 1 << 20))
        #expect(try DeviceRate(parsing: "/dev/sda:100", bytes: false, option: "--device-read-iops").rate == 100)
        for text in ["/dev/sda", "/dev/sda:", "sda:1m", "/dev/sda:-1"] {
            #expect(throws: ConfigurationError.self, "\(text)") {
                try DeviceRate(parsing: text, bytes: true, option: "--device-read-bps")
            }
        }
    }

    @Test func storageSizes() throws {
        for (texts, size) in [
            ([], nil), (["size=10G"], 10 << 30), (["SIZE=512m"], 512 << 20), (["size=120"], 120), (["size=0"], nil),
            (["size=1g", "size=2g"], 2 << 30), (["size=1g", "size=0"], nil),
        ] as [([String], Int64?)] {
            #expect(try StorageOptionText.size(texts, option: "--storage-opt") == size, "\(texts)")
        }
        for text in ["", "size", "size=", "size=x", "size=-1", "10G", "dm.basesize=10G", "overlay2.size=1g", "=1g"] {
            let error = #expect(throws: ConfigurationError.self, "\(text)") {
                try StorageOptionText.size([text], option: "--storage-opt")
            }
            #expect(error?.option == "--storage-opt")
        }
        // overlayfs needs some of it for itself.
        var configuration = ContainerConfiguration(image: "busybox")
        configuration.storageSize = 64 << 10
        try configuration.validate()
        for size in [-1, 1, (64 << 10) - 1] as [Int64] {
            configuration.storageSize = size
            #expect(throws: ConfigurationError.self) { try configuration.validate() }
        }
    }

    @Test func ulimits() throws {
        #expect(
            try Ulimit(parsing: "nofile=1024", option: "--ulimit") == Ulimit(name: "nofile", soft: 1024, hard: 1024))
        #expect(try Ulimit(parsing: "nofile=1:2", option: "--ulimit") == Ulimit(name: "nofile", soft: 1, hard: 2))
        #expect(try Ulimit(parsing: "core=-1", option: "--ulimit") == Ulimit(name: "core", soft: .max, hard: .max))
        #expect(try Ulimit(parsing: "core=0:unlimited", option: "--ulimit").hard == .max)
        for text in [
            "", "nofile", "nofile=", "=1", "files=1", "nofile=2:1", "nofile=-1:5", "nofile=1:2:3", "nofile=1:",
            "nofile=-2", "nofile=1k",
        ] {
            #expect(throws: ConfigurationError.self, "\(text)") { try Ulimit(parsing: text, option: "--ulimit") }
        }
    }

    @Test func namespaces() throws {
        #expect(try NamespaceMode(parsing: "host", kind: .pid, option: "--pid") == .host)
        #expect(try NamespaceMode(parsing: "", kind: .pid, option: "--pid") == .private)
        #expect(try NamespaceMode(parsing: "container:web", kind: .pid, option: "--pid") == .container("web"))
        #expect(try NamespaceMode(parsing: "shareable", kind: .ipc, option: "--ipc") == .private)
        for (text, kind) in [
            ("container:", .pid), ("container:../x", .ipc), ("container:web", .uts), ("shareable", .pid),
            ("hosts", .user),
            ("HOST", .pid), ("none", .ipc),
        ] as [(String, NamespaceMode.Kind)] {
            #expect(throws: ConfigurationError.self, "\(text)") {
                try NamespaceMode(parsing: text, kind: kind, option: "--x")
            }
        }
        #expect(try NetworkMode(parsing: "host", option: "--network") == .host)
        #expect(try NetworkMode(parsing: "none", option: "--network") == .none)
        #expect(try NetworkMode(parsing: "container:x", option: "--network") == .container("x"))
        #expect(try NetworkMode(parsing: "", option: "--network") == .bridge)
        let long = try NetworkMode(parsing: "name=app,alias=db,ip=10.0.0.5", option: "--network")
        #expect(long.requests.first?.network == "app" && long.requests.first?.aliases == ["db"])
        #expect(long.requests.first?.addresses.map(\.description) == ["10.0.0.5"])
        for text in ["a/b", "container:", "..", "name=a,x=y", "alias=b", "name=a,ip=b"] {
            #expect(throws: ConfigurationError.self, "\(text)") { try NetworkMode(parsing: text, option: "--network") }
        }
    }

    @Test func variables() throws {
        let callers = ["HOME": "/root", "EMPTY": ""]
        func variable(_ text: String) throws -> String {
            try EnvironmentText.variable(text, option: "--env") { callers[$0] }
        }
        #expect(try variable("A=b=c") == "A=b=c")
        #expect(try variable("A=") == "A=")
        #expect(try variable("HOME") == "HOME=/root")
        #expect(try variable("EMPTY") == "EMPTY=")
        #expect(try variable("NOPE") == "NOPE")
        #expect(try variable("A=\u{301}x") == "A=\u{301}x")
        #expect(throws: ConfigurationError.self) { try variable("") }
        #expect(throws: ConfigurationError.self) { try variable("=x") }
    }

    @Test func variableFiles() throws {
        let text = "A=1\nB = x\n"
        #expect(throws: ConfigurationError.self) {
            try EnvironmentText.variables(inFile: text, path: "f", option: "--env-file") { _ in nil }
        }
        let good = "\u{FEFF}# comment\r\nA=1\r\n\n  B= x \n#C=3\nHOME\nNOPE\nQ=\"quoted\"\nD=a#b\nE=\n"
        let variables = try EnvironmentText.variables(inFile: good, path: "f", option: "--env-file") {
            $0 == "HOME" ? "/root" : nil
        }
        #expect(variables == ["A=1", "B= x ", "HOME=/root", "Q=\"quoted\"", "D=a#b", "E="])
        let error = #expect(throws: ConfigurationError.self) {
            try EnvironmentText.variables(inFile: "A=1\n=2", path: "f", option: "--env-file") { _ in nil }
        }
        #expect(error?.description.contains("line 2") == true)
        #expect(throws: ConfigurationError.self) {
            try EnvironmentText.variables(inFile: "A=\u{0}", path: "f", option: "--env-file") { _ in nil }
        }
        let labels = try EnvironmentText.labels(inFile: "a=1\nb\n", path: "f", option: "--label-file")
        #expect(labels.map(\.key) == ["a", "b"])
        #expect(labels.map(\.value) == ["1", ""])
    }

    @Test func securityOptions() throws {
        var options = SecurityOptions()
        func apply(_ text: String) throws {
            try options.apply(text, option: "--security-opt") { "profile of \($0)" }
        }
        try apply("no-new-privileges")
        #expect(options.noNewPrivileges)
        try apply("no-new-privileges:false")
        #expect(!options.noNewPrivileges)
        try apply("no-new-privileges=true")
        #expect(options.noNewPrivileges)
        try apply("seccomp=unconfined")
        #expect(options.seccomp == .unconfined)
        try apply("seccomp=/a=b.json")
        #expect(options.seccomp == .profile("profile of /a=b.json"))
        try apply("seccomp=builtin")
        #expect(options.seccomp == .default)
        try apply("systempaths=unconfined")
        #expect(options.systemPathsUnconfined)
        try apply("apparmor=unconfined")
        try apply("label=disable")
        for text in [
            "", "seccomp", "seccomp=", "apparmor=docker-default", "label=type:x", "systempaths=x", "bogus",
            "no-new-privileges=maybe",
        ] {
            #expect(throws: ConfigurationError.self, "\(text)") { try apply(text) }
        }
    }

    @Test func capabilities() throws {
        #expect(try CapabilityList.name("net_admin", option: "--cap-add") == "CAP_NET_ADMIN")
        #expect(try CapabilityList.name("CAP_SYS_ADMIN", option: "--cap-add") == "CAP_SYS_ADMIN")
        #expect(try CapabilityList.name("all", option: "--cap-add") == "ALL")
        for text in ["", "CAP_", "net-admin", "à", "NET ADMIN", "A,B"] {
            #expect(throws: ConfigurationError.self, "\(text)") { try CapabilityList.name(text, option: "--cap-add") }
        }
    }

    @Test func names() throws {
        for text in ["ab", "web-1", "a.b_c"] { #expect(try NameText.containerName(text, option: "--name") == text) }
        for text in ["", "a", "-a", ".a", "a/b", "a b", "..", "a\n", "àb", String(repeating: "a", count: 256)] {
            #expect(throws: ConfigurationError.self, "\(text)") { try NameText.containerName(text, option: "--name") }
        }
        for text in ["a", "a.example-1.org"] { #expect(try NameText.hostname(text, option: "--hostname") == text) }
        for text in ["", "a b", "-a", String(repeating: "a", count: 65)] {
            #expect(throws: ConfigurationError.self, "\(text)") { try NameText.hostname(text, option: "--hostname") }
        }
        for text in ["0", "root", "1000:1000", "a:b"] { #expect(try NameText.user(text, option: "--user") == text) }
        for text in ["", ":", "a:", ":b", "a:b:c", "a b", "a/b", "a\n"] {
            #expect(throws: ConfigurationError.self, "\(text)") { try NameText.user(text, option: "--user") }
        }
        #expect(throws: ConfigurationError.self) { try NameText.group("a:b", option: "--group-add") }
    }

    @Test func kernelParameters() throws {
        #expect(try NameText.sysctl("net.core.somaxconn=1024", option: "--sysctl").key == "net.core.somaxconn")
        #expect(try NameText.sysctl("kernel.msgmax=", option: "--sysctl").value == "")
        for text in ["", "x=1", "net.core", "net..x=1", "net/../x=1", "../x.y=1", ".net.x=1", "net.x y=1", "net.é=1"] {
            #expect(throws: ConfigurationError.self, "\(text)") { try NameText.sysctl(text, option: "--sysctl") }
        }
    }

    @Test(arguments: [
        ("/a//b/../c/", "/a/c"), ("/..", "/"), ("/../../a", "/a"), ("a/..", "."), ("../a", "../a"), ("/", "/"),
        ("a/../../b", "../b"),
    ])
    func cleaning(path: String, expected: String) {
        #expect(NameText.clean(path) == expected)
    }

    @Test func combinations() throws {
        var configuration = ContainerConfiguration(image: "busybox")
        try configuration.validate()
        func refused(_ change: (inout ContainerConfiguration) -> Void) {
            var changed = configuration
            change(&changed)
            #expect(throws: ConfigurationError.self) { try changed.validate() }
        }
        refused { $0.resources.memorySwap = 5 }
        refused {
            $0.resources.memory = 10; $0.resources.memorySwap = 5
        }
        refused {
            $0.resources.memory = 10; $0.resources.memoryReservation = 11
        }
        refused {
            $0.resources.nanoCPUs = 1; $0.resources.cpuQuota = 5
        }
        refused {
            $0.uts = .host; $0.hostname = "x"
        }
        refused {
            $0.privileged = true; $0.userns = .private
        }
        refused { $0.mounts = [.init(kind: .tmpfs, target: "/a"), .init(kind: .volume, target: "/a")] }
        refused { $0.command = ["a\0b"] }
        refused { $0.image = "" }
        configuration.resources.memory = 10
        configuration.resources.memorySwap = -1
        try configuration.validate()
    }
}
