import Glibc
import LinuxSystem
import OCISpec
import Testing

extension TestEngine {
    /// The process that looks after a container.
    func supervisor(of container: String) throws -> pid_t {
        let id = try inspect(container, "{{.Id}}")
        let state = try Self.read("\(root)/containers/\(id)/state.json")
        let supervisor = try #require(JSONValue(parsing: Array(state.utf8)).object()["supervisor"])
        return try ProcessIdentity(json: supervisor).pid
    }

    /// Kills a container's supervisor, as a careless person or the kernel would, and waits until it is gone.
    func killSupervisor(of container: String) throws {
        let identity = try #require(ProcessIdentity(pid: try supervisor(of: container)))
        kill(identity.pid, SIGKILL)
        #expect(Self.eventually { !identity.isAlive })
    }

    /// Loads an image of busybox with this configuration.
    func load(image name: String, config: JSONObject) throws {
        let archive = TestImage.archive(name, layers: [try TestImage.busybox.get().bytes], config: config)
        try #expect(self("load", "-q", "-i", try file("\(name).tar", archive)).status == 0)
    }
}
