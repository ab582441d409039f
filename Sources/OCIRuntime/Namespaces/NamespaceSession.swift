internal import CLinux
internal import Glibc
public import LinuxSystem
public import OCISpec

/// What `nestbox-runtime namespaces` needs.
public struct NamespaceRequest: JSONCodable, Hashable {
    /// The range of the host's ids that the user namespace stands on.
    public var idMap: IDMap

    /// A request.
    public init(idMap: IDMap) {
        self.idMap = idMap
    }

    /// Reads `{"idMap": …}`.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        idMap = try json.object().required("idMap")
    }

    /// `{"idMap": …}`.
    public var json: JSONValue { ["idMap": idMap.json] }
}

/// Makes a user namespace with a network namespace in it, for several containers to share, and holds them until the engine has
/// put them where they stay.
public enum NamespaceSession {
    /// Makes the namespaces, reports a process in them, and waits for a byte from the engine.
    ///
    /// - Returns: the exit status of this process.
    public static func run(_ request: NamespaceRequest, report: consuming FileDescriptor) -> Int32 {
        RuntimeProcess.detach()
        do throws(LaunchError) {
            let plan = try NamespacePlan([.init(type: .user), .init(type: .network)])
            let launch = try Launch(plan.entrySteps([]), namespaces: plan.cloneFlags, cgroup: -1, forks: false)
            try launch.awaitFirstSteps()
            let map = "0 \(request.idMap.hostID) \(request.idMap.count)"
            do throws(SystemError) {
                for file in ["uid_map", "gid_map"] {
                    try FileDescriptor.open("/proc/\(launch.pid)/\(file)", O_WRONLY).writeAll(Array(map.utf8))
                }
                try report.writeAll(LaunchReport(namespaces: launch.pid).jsonBytes())
                var byte: UInt8 = 0
                _ = try withUnsafeMutableBytes(of: &byte) { bytes throws(SystemError) in try report.read(into: bytes) }
            } catch {
                throw LaunchError(error)
            }
            try? report.writeAll(LaunchReport(pid: launch.pid, warnings: []).jsonBytes())
            return 0
        } catch {
            try? report.writeAll(LaunchReport(error).jsonBytes())
            return error.exitCode
        }
    }
}
