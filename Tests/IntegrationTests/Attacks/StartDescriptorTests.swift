import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container", row 2: a leaked folder and `cwd=/proc/self/fd/N` (CVE-2024-21626).
    @Suite struct StartDescriptors {
        /// A descriptor of the host's root that the caller of nestbox leaks.
        static func withLeak(_ body: (Int32) throws -> Void) throws {
            let root = try FileDescriptor.open("/", O_RDONLY | O_DIRECTORY)
            let leak = fcntl(root.rawValue, F_DUPFD, 37)
            defer { close(leak) }
            try #require(leak >= 37)
            try body(leak)
        }

        @Test(arguments: Users.allCases)
        func aLeakedFolderIsNoWorkingDirectory(_ users: Users) throws {
            try Self.withLeak { leak in
                let image = HostileImage { image in
                    image.layer.symlink("link", to: "/proc/self/fd/\(leak)")
                    image.config["WorkingDir"] = .string("/link")
                }
                try TestEngine.with(hostile: image) { engine in
                    let name = try engine.resident(users.option)
                    for folder in [
                        "/proc/self/fd/\(leak)", "/proc/self/fd/\(leak)/../etc", "/proc/thread-self/fd/\(leak)",
                        "/proc/self/cwd", "/proc/1/root",
                    ] {
                        let run = try engine(
                            "run", "--rm", users.option, "-w", folder, "busybox", "ls", leaking: [leak])
                        #expect(run.status == 125 && run.output.isEmpty, "\(folder): \(run)")
                        let exec = try engine("exec", "-w", folder, name, "ls", leaking: [leak])
                        #expect(exec.status != 0 && exec.output.isEmpty, "\(folder): \(exec)")
                    }
                    let hidden = try engine("run", "--rm", users.option, "hostile", "ls", leaking: [leak])
                    #expect(hidden.status == 125 && hidden.output.isEmpty, "\(hidden)")
                }
            }
        }

        @Test(arguments: Users.allCases)
        func noDescriptorOfTheHostGetsInside(_ users: Users) throws {
            try Self.withLeak { leak in
                try TestEngine.withBusybox { engine in
                    // 3 is the folder that the shell reads. No pipeline: the shell would hold its pipe for a moment.
                    let list = """
                        for file in /proc/$$/fd/*; do echo ${file##*/}; done
                        (ls -l /proc/$$/fd > /list); grep -v -e pipe: -e /dev/null -e total /list
                        """
                    let run = try engine.run(
                        ["run", "--rm", users.option, "busybox", "sh", "-c", list], leaking: [leak])
                    #expect(run.output == "0\n1\n2\n3\n", "\(run)")
                    let name = try engine.resident(users.option)
                    let exec = try engine.run(["exec", name, "sh", "-c", list], leaking: [leak])
                    #expect(exec.output == "0\n1\n2\n3\n", "\(exec)")
                }
            }
        }

        /// A leaked lock or pipe would be held as long as the container runs.
        @Test func theSupervisorKeepsNoDescriptorOfItsCaller() throws {
            try TestEngine.withBusybox { engine in
                let path = "\(engine.folder)/leaked"
                let file = try FileDescriptor.open(path, O_RDWR | O_CREAT)
                let leak = fcntl(file.rawValue, F_DUPFD, 37)
                defer { close(leak) }
                let started = try engine("run", "-d", "--name", "resident", "busybox", "sleep", "1000", leaking: [leak])
                #expect(started.status == 0, "\(started)")
                let supervisor = try engine.processes(of: "resident").supervisor
                let descriptors = TestEngine.names(in: "/proc/\(supervisor)/fd")
                try #require(descriptors.count > 3)
                for number in descriptors {
                    var target = [CChar](repeating: 0, count: 4097)
                    readlink("/proc/\(supervisor)/fd/\(number)", &target, 4096)
                    #expect(strcmp(target, path) != 0, "descriptor \(number)")
                }
            }
        }

        @Test func theCallersMaskIsNotTheContainers() throws {
            try TestEngine.withBusybox { engine in
                for mask: mode_t in [0, 0o077] {
                    let before = umask(mask)
                    defer { umask(before) }
                    let result = try engine.script("umask; stat -c %a /made /dev/null /dev", "-w", "/made")
                    #expect(result.output == "0022\n755\n666\n755\n", "\(result)")
                }
            }
        }
    }
}
