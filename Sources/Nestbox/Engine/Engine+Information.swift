internal import Glibc
internal import ImageStore
internal import LinuxSystem
internal import OCIRuntime
public import OCISpec

extension Engine {
    /// This release of Nestbox.
    public static let version = "0.1.0"

    /// What `nestbox version` says: the engine's and the kernel's version.
    public static func versionReport() -> JSONValue {
        var name = utsname()
        uname(&name)
        var report: JSONObject = [
            "Version": .string(version), "OCISpecVersion": .string(RuntimeSpecification.version), "Os": "linux",
            "Arch": .string(text(name.machine)), "KernelVersion": .string(text(name.release)),
        ]
        // Where scripts for Docker look; client and server are one here.
        let whole = JSONValue.object(report)
        report["Client"] = whole
        report["Server"] = whole
        return .object(report)
    }

    /// What `nestbox info` says: this host, what its kernel can do for containers, and what is below the root.
    ///
    /// - Throws: `EngineError`.
    public func information() throws(EngineError) -> JSONValue {
        try EngineError.wrapping {
            let containers = try list(all: true)
            let paused = containers.count { $0.isPaused }
            let running = containers.count { $0.isRunning } - paused
            let created = containers.count { $0.state.status == .created }
            var name = utsname()
            uname(&name)
            let layout = try? CgroupLayout.detect()
            let kernel = KernelVersion.running()
            return [
                "ServerVersion": .string(Self.version), "Containers": .integer(Int64(containers.count)),
                "ContainersRunning": .integer(Int64(running)), "ContainersPaused": .integer(Int64(paused)),
                "ContainersStopped": .integer(Int64(containers.count - running - paused - created)),
                "ContainersCreated": .integer(Int64(created)), "Images": .integer(Int64(try images.images().count)),
                "Driver": "overlay2", "NestboxRootDir": .string(paths.root),
                "NestboxRunRootDir": .string(paths.runRoot), "Runtime": .string((try? runtimePath()) ?? ""),
                "CgroupDriver": "cgroupfs",
                "CgroupVersion": .string(layout.map { $0.isHybrid ? "hybrid" : "2" } ?? "none"),
                "CgroupParent": .string(paths.cgroupFolder), "LoggingDriver": "json-file",
                "KernelVersion": .string(Self.text(name.release)), "OperatingSystem": .string(operatingSystem),
                "OSType": "linux", "Architecture": .string(Self.text(name.machine)),
                "NCPU": .integer(Int64(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))),
                "MemTotal": .integer(Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))),
                "Name": .string(Self.text(name.nodename)),
                "SecurityOptions": .array(
                    ["name=seccomp,profile=builtin", "name=cgroupns"]
                        + (kernel >= KernelVersion(5, 19) ? ["name=userns"] : [])),
                "Warnings": warnings(layout: layout, kernel: kernel).json,
            ]
        }
    }

    private func warnings(layout: CgroupLayout?, kernel: KernelVersion) -> [String] {
        var result: [String] = []
        if geteuid() != 0 { result.append("not running as root: containers cannot be started") }
        if layout == nil { result.append("no cgroup v2 tree is mounted: containers cannot be started") }
        if layout?.isHybrid == true {
            result.append("cgroup controllers are bound to v1 hierarchies: limits use them, the rest uses the v2 tree")
        }
        if kernel < KernelVersion(5, 19) {
            result.append(
                "the kernel is older than 5.19 and cannot map the ids of an overlay: containers use the host's user namespace"
            )
        }
        if !CapabilitySet.bounding().contains(.sysResource) {
            result.append("CAP_SYS_RESOURCE is missing: hard limits cannot be raised, oom_score_adj not lowered")
        }
        return result
    }

    private var operatingSystem: String {
        let lines = ((try? StoredFile.readText("/etc/os-release")) ?? nil)?.split(separator: "\n") ?? []
        let line = lines.first { $0.hasPrefix("PRETTY_NAME=") }?.dropFirst("PRETTY_NAME=".count)
        return line.map { $0.filter { $0 != "\"" } } ?? "Linux"
    }

    private static func text<Tuple>(_ characters: Tuple) -> String {
        withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
