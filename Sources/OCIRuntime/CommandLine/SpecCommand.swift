internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// `spec`: writes a configuration to begin with.
enum SpecCommand {
    static let command = Subcommand(options: [.value("bundle", "b"), .flag("rootless")]) {
        options, _ throws(LaunchError) in
        let path = "\(options["bundle"] ?? ".")/config.json"
        do throws(SystemError) {
            let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
            try file.writeAll(specification(isRootless: options.has("rootless")).jsonBytes(pretty: true))
        } catch {
            throw LaunchError("cannot write the configuration: \(error)")
        }
        return 0
    }

    /// What runc's `spec` writes: a shell in namespaces of its own.
    static func specification(isRootless: Bool) -> RuntimeSpecification {
        let names = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
        let process = RuntimeSpecification.Process(
            terminal: true, args: ["sh"],
            env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            capabilities: .init(bounding: names, effective: names, permitted: names),
            rlimits: [.init(type: "RLIMIT_NOFILE", hard: 1024, soft: 1024)], noNewPrivileges: true)
        var linux = RuntimeSpecification.Linux()
        linux.namespaces = [.init(type: .pid), .init(type: .ipc), .init(type: .uts), .init(type: .mount)]
        linux.namespaces.append(.init(type: isRootless ? .user : .network))
        linux.namespaces.append(.init(type: .cgroup))
        if isRootless {
            linux.uidMappings = [.init(containerID: 0, hostID: geteuid(), size: 1)]
            linux.gidMappings = [.init(containerID: 0, hostID: getegid(), size: 1)]
        } else {
            linux.resources = .init(devices: [.init(allow: false, access: "rwm")])
        }
        linux.maskedPaths = [
            "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
            "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
        ]
        linux.readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
        return RuntimeSpecification(
            process: process, root: .init(path: "rootfs", readonly: true), hostname: "nestbox",
            mounts: mounts(isRootless: isRootless), linux: linux)
    }

    private static func mounts(isRootless: Bool) -> [RuntimeSpecification.Mount] {
        let plain = ["nosuid", "noexec", "nodev"]
        let terminals = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]
        let system: RuntimeSpecification.Mount =
            isRootless
            // sysfs needs a network namespace of the user namespace's own.
            ? .init(destination: "/sys", type: "none", source: "/sys", options: ["rbind"] + plain + ["ro"])
            : .init(destination: "/sys", type: "sysfs", source: "sysfs", options: plain + ["ro"])
        return [
            .init(destination: "/proc", type: "proc", source: "proc"),
            .init(
                destination: "/dev", type: "tmpfs", source: "tmpfs",
                options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            .init(
                destination: "/dev/pts", type: "devpts", source: "devpts",
                options: isRootless ? terminals : terminals + ["gid=5"]),
            .init(
                destination: "/dev/shm", type: "tmpfs", source: "shm", options: plain + ["mode=1777", "size=65536k"]),
            .init(destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: plain),
            system,
            .init(
                destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: plain + ["relatime", "ro"]),
        ]
    }
}
