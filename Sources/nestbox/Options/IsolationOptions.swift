internal import ArgumentParser
internal import Nestbox

/// What the container shares with the host, and what it may do.
struct IsolationOptions: ParsableArguments {
    @Option(
        name: .long, help: .init("The PID namespace: private, host or container:NAME.", valueName: "mode"),
        completion: .list(["private", "host", "container:"]))
    var pid: String?

    @Option(
        name: .long, help: .init("The IPC namespace: private, shareable, host or container:NAME.", valueName: "mode"),
        completion: .list(["private", "shareable", "host", "container:"]))
    var ipc: String?

    @Option(
        name: .long, help: .init("The UTS namespace: private or host.", valueName: "mode"),
        completion: .list(["private", "host"]))
    var uts: String?

    @Option(
        name: .long, help: .init("The cgroup namespace: private or host.", valueName: "mode"),
        completion: .list(["private", "host"]))
    var cgroupns: String?

    @Option(
        name: .long,
        help: .init(
            "The user namespace: private or host (default private, but host with host namespaces and --privileged).",
            valueName: "mode"), completion: .list(["private", "host"]))
    var userns: String?

    @Flag(name: .long, help: "All capabilities and devices, nothing masked, no seccomp filter.")
    var privileged = false

    @Option(name: .long, help: .init("Add a capability, or ALL. May be repeated.", valueName: "capability"))
    var capAdd: [String] = []

    @Option(name: .long, help: .init("Drop a capability, or ALL. May be repeated.", valueName: "capability"))
    var capDrop: [String] = []

    @Option(
        name: .long,
        help: .init(
            "no-new-privileges, seccomp=FILE, seccomp=unconfined or systempaths=unconfined. May be repeated.",
            valueName: "option"))
    var securityOpt: [String] = []

    @Option(
        name: .long,
        help: .init("Set a kernel parameter of the container's namespaces. May be repeated.", valueName: "NAME=VALUE"))
    var sysctl: [String] = []

    @Option(name: .long, help: .init("Add the process to a group. May be repeated.", valueName: "group"))
    var groupAdd: [String] = []

    @Option(
        name: .long,
        help: .init(
            "Offer a device of the host, with permissions like rwm. May be repeated.",
            valueName: "host[:container][:permissions]"),
        completion: .file())
    var device: [String] = []

    @Option(
        name: .long,
        help: .init("Allow more with devices, e.g. \"c 42:* rmw\". May be repeated.", valueName: "rule"))
    var deviceCgroupRule: [String] = []

    func apply(to configuration: inout ContainerConfiguration) throws {
        if let pid { configuration.pid = try NamespaceMode(parsing: pid, kind: .pid, option: "--pid") }
        if let ipc { configuration.ipc = try NamespaceMode(parsing: ipc, kind: .ipc, option: "--ipc") }
        if let uts { configuration.uts = try NamespaceMode(parsing: uts, kind: .uts, option: "--uts") }
        if let cgroupns {
            configuration.cgroupns = try NamespaceMode(parsing: cgroupns, kind: .cgroup, option: "--cgroupns")
        }
        if let userns, !userns.isEmpty {
            configuration.userns = try NamespaceMode(parsing: userns, kind: .user, option: "--userns")
        }
        configuration.privileged = privileged
        for text in capAdd { configuration.capAdd.append(try CapabilityList.name(text, option: "--cap-add")) }
        for text in capDrop { configuration.capDrop.append(try CapabilityList.name(text, option: "--cap-drop")) }
        for text in securityOpt {
            try configuration.securityOptions.apply(text, option: "--security-opt") {
                try OptionFile.text($0, option: "--security-opt")
            }
        }
        for text in sysctl {
            let (key, value) = try NameText.sysctl(text, option: "--sysctl")
            configuration.sysctls[key] = value
        }
        for text in groupAdd { configuration.groupAdd.append(try NameText.group(text, option: "--group-add")) }
        configuration.deviceRules = try deviceCgroupRule.map {
            try DeviceRuleText.rule($0, option: "--device-cgroup-rule")
        }
        for text in device { configuration.devices.append(try DeviceMapping(parsing: text, option: "--device")) }
    }
}
