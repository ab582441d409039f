import Glibc
import LinuxSystem
import OCISpec
import Testing

/// An OCI bundle with busybox, and a root of its own for the runtime.
///
/// At the end nothing may be left.
final class TestBundle {
    let folder: String
    let root: String
    let program: String
    /// Below every hierarchy.
    let cgroup: String
    var configuration: RuntimeSpecification

    private init() throws {
        var template = Array("/var/tmp/nestbox-bundle.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError("make", "a folder", .current) }
        folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        chmod(folder, 0o755)
        root = "/run/nestbox-bundle.\(folder.suffix(6))"
        cgroup = "nestbox-bundle-\(folder.suffix(6))"
        program = "\(String(cString: try #require(getenv("NESTBOX_BIN"))))/nestbox-runtime"
        mkdir("\(folder)/rootfs", 0o755)
        let unpacked = try Command.run(
            ["tar", "-xf", TestEngine.fixture("busybox.tar"), "-C", "\(folder)/rootfs"])
        try #require(unpacked.status == 0, "\(unpacked)")
        let made = try Command.run([program, "spec", "--bundle", folder])
        try #require(made.status == 0, "\(made)")
        configuration = try RuntimeSpecification(jsonBytes: TestEngine.bytes("\(folder)/config.json"))
        configuration.process?.terminal = false
        configuration.root?.readonly = false
        configuration.linux?.cgroupsPath = "/\(cgroup)/box"
    }

    /// Gives `body` a bundle, and checks afterwards that it cleans up.
    static func with(
        _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation, _ body: (TestBundle) throws -> Void
    ) throws {
        let bundle = try TestBundle()
        defer { bundle.close(sourceLocation) }
        bundle.configuration.process?.args = arguments
        try body(bundle)
    }

    /// Runs a command of `nestbox-runtime` in the bundle's folder; the configuration is written before.
    @discardableResult
    func callAsFunction(
        _ arguments: String..., input: String? = nil, leaking descriptors: [Int32] = []
    ) throws -> CommandResult {
        try run(arguments, input: input, leaking: descriptors)
    }

    /// Runs a command, which has to succeed.
    @discardableResult
    func expect(
        _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> CommandResult {
        let result = try run(arguments)
        #expect(result.status == 0, "\(arguments): \(result)", sourceLocation: sourceLocation)
        return result
    }

    private func run(
        _ arguments: [String], input: String? = nil, leaking descriptors: [Int32] = []
    ) throws -> CommandResult {
        try write()
        let isDetached = arguments.contains { ["create", "-d", "--detach"].contains($0) }
        // Whoever is left holds the command's streams: they must not be pipes that are read to their end.
        let shell = ["sh", "-c", "exec \"$@\" >\"$0.out\" 2>\"$0.err\" </dev/null", "\(folder)/stream"]
        var result = try Command.run(
            (isDetached ? shell : []) + command(arguments), input: input, seconds: 60 * TestEngine.patience,
            leaking: descriptors)
        if isDetached {
            result.output = try TestEngine.read("\(folder)/stream.out")
            result.error = try TestEngine.read("\(folder)/stream.err")
        }
        return result
    }

    /// The words of a command, run in the bundle's folder.
    ///
    /// - Parameter root: another one than the bundle's own.
    func command(_ arguments: [String], root: String? = nil) -> [String] {
        ["sh", "-c", "cd \"$0\" && exec \"$@\"", folder, program, "--root", root ?? self.root] + arguments
    }

    func write() throws {
        try TestRegistry.write(
            String(decoding: configuration.jsonBytes(), as: UTF8.self), to: "\(folder)/config.json")
    }

    /// What `state` says, or nil when there is no such container.
    func state(_ id: String) throws -> JSONValue? {
        let result = try self("state", id)
        return result.status == 0 ? try JSONValue(parsing: Array(result.output.utf8)) : nil
    }

    func status(_ id: String) throws -> String? { try state(id)?["status"]?.stringValue }

    /// Waits, within a bound, for a status.
    func waits(for status: String, of id: String) throws -> Bool {
        try TestEngine.eventually { try self.status(id) == status }
    }

    /// Mounts, cgroups and folders of containers that are left.
    func leftovers() -> [String] {
        var found = TestEngine.names(in: root).filter { !$0.hasPrefix("@") }
        let mounts = (try? TestEngine.read("/proc/self/mountinfo")) ?? ""
        found += mounts.split(separator: "\n").filter { $0.contains(folder) || $0.contains(root) }.map(String.init)
        for tree in [""] + TestEngine.names(in: "/sys/fs/cgroup").map({ "/\($0)" }) {
            found += TestEngine.names(in: "/sys/fs/cgroup\(tree)/\(cgroup)").filter { $0 == "box" }
        }
        return found
    }

    private func close(_ sourceLocation: SourceLocation) {
        #expect(leftovers() == [], sourceLocation: sourceLocation)
        for id in TestEngine.names(in: root) where !id.hasPrefix("@") { _ = try? self("delete", "--force", id) }
        for tree in [""] + TestEngine.names(in: "/sys/fs/cgroup").map({ "/\($0)" }) {
            rmdir("/sys/fs/cgroup\(tree)/\(cgroup)")
        }
        #expect(throws: Never.self, sourceLocation: sourceLocation) {
            try FileTree.remove(folder)
            try FileTree.remove(root)
        }
    }
}
