internal import LinuxSystem
internal import OCISpec

/// `features`: prints what this runtime can do (runtime-spec, features.md).
enum FeaturesCommand {
    static let command = Subcommand(options: []) { _, _ throws(LaunchError) in
        try Output.write(document.serialized(pretty: true))
        return 0
    }

    private static var document: JSONValue {
        let hooks = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
        var object = JSONObject()
        object.set("ociVersionMin", to: "1.0.0")
        object.set("ociVersionMax", to: RuntimeSpecification.version)
        object.set("hooks", to: hooks)
        object.set("mountOptions", to: MountOptions.knownNames)
        object.set("linux", to: linux)
        object.set(
            "annotations",
            to: [
                "io.nestbox.runtime.version": RuntimeCommand.version,
                // containerd and others look for runc's.
                "org.opencontainers.runc.checkpoint.enabled": "true",
            ])
        return .object(object)
    }

    private static var linux: JSONValue {
        let namespaces = RuntimeSpecification.Linux.Namespace.Kind.allCases.map(\.rawValue)
        var object = JSONObject()
        object.set("namespaces", to: namespaces.sorted())
        object.set("capabilities", to: CapabilitySet.bounding().names)
        object.set(
            "cgroup",
            to: JSONValue.object(["v1": true, "v2": true, "systemd": false, "systemdUser": false, "rdma": true]))
        object.set("seccomp", to: seccomp)
        object.set("apparmor", to: JSONValue.object(["enabled": .bool(AppArmor.isEnabled)]))
        object.set("selinux", to: JSONValue.object(["enabled": false]))
        object.set("intelRdt", to: JSONValue.object(["enabled": false]))
        object.set("mountExtensions", to: JSONValue.object(["idmap": ["enabled": true]]))
        object.set("netDevices", to: JSONValue.object(["enabled": true]))
        return .object(object)
    }

    private static var seccomp: JSONValue {
        typealias Seccomp = RuntimeSpecification.Linux.Seccomp
        let flags = Seccomp.Flag.allCases.map(\.rawValue)
        var object = JSONObject()
        object.set("enabled", to: true)
        object.set("actions", to: Seccomp.Action.allCases.map(\.rawValue))
        object.set("operators", to: Seccomp.Comparison.allCases.map(\.rawValue))
        object.set("archs", to: Seccomp.Architecture.allCases.map(\.rawValue))
        object.set("knownFlags", to: flags)
        object.set("supportedFlags", to: flags)
        return .object(object)
    }
}
