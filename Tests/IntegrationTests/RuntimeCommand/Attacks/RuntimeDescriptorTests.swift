import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// threats.md, "Start of a container", row 2, under `nestbox-runtime`: a leaked folder and `cwd=/proc/self/fd/N`
    /// (CVE-2024-21626).
    @Suite struct RuntimeDescriptors {
        private static func folders(_ number: Int32) -> [String] {
            [
                "/proc/self/fd/\(number)", "/proc/self/fd/\(number)/../etc", "/proc/thread-self/fd/\(number)",
                "/proc/self/cwd", "/proc/1/root", "/link",
            ]
        }

        private static func image(_ number: Int32) -> HostileImage {
            HostileImage { $0.layer.symlink("link", to: "/proc/self/fd/\(number)") }
        }

        @Test(arguments: Users.allCases)
        func aLeakedFolderIsNoWorkingDirectory(_ users: Users) throws {
            try StartDescriptors.withLeak { leak in
                try TestBundle.with(Self.image(leak), users) { bundle in
                    bundle.configuration.process?.args = ["ls"]
                    for folder in Self.folders(leak) {
                        bundle.configuration.process?.cwd = folder
                        let run = try bundle.run(["run", "box"], leaking: [leak])
                        #expect(run.status == 1 && run.output.isEmpty, "\(folder): \(run)")
                        let create = try bundle.run(["create", "box"], leaking: [leak])
                        #expect(create.status == 1, "\(folder): \(create)")
                    }
                    bundle.configuration.process?.cwd = "/"
                    try bundle.resident()
                    for folder in Self.folders(leak) {
                        let exec = try bundle.run(["exec", "--cwd", folder, "box", "ls"], leaking: [leak])
                        #expect(exec.status == 255 && exec.output.isEmpty, "\(folder): \(exec)")
                    }
                    try bundle.remove()
                }
            }
        }

        /// With `--preserve-fds` the program has the folder because its caller wants that; nobody starts in it.
        @Test func aFolderThatIsHandedOnIsNoWorkingDirectory() throws {
            try TestBundle.with(Self.image(3)) { bundle in
                bundle.configuration.process?.args = ["ls"]
                for folder in Self.folders(3) {
                    bundle.configuration.process?.cwd = folder
                    let run = try bundle.leakingRoot(["run", "--preserve-fds", "1", "box"])
                    #expect(run.status == 1 && run.output.isEmpty, "\(folder): \(run)")
                }
                bundle.configuration.process?.cwd = "/"
                try bundle.resident()
                for folder in Self.folders(3) {
                    let exec = try bundle.leakingRoot(
                        ["exec", "--preserve-fds", "1", "--cwd", folder, "box", "ls"])
                    #expect(exec.status == 255 && exec.output.isEmpty, "\(folder): \(exec)")
                }
                try bundle.remove()
            }
        }

        // No pipeline: the shell would hold its pipe for a moment. 3 is the folder that it reads.
        private static let list = "for file in /proc/$$/fd/*; do echo ${file##*/}; done"

        @Test(arguments: Users.allCases)
        func noDescriptorOfTheHostGetsInside(_ users: Users) throws {
            try StartDescriptors.withLeak { leak in
                try TestBundle.with(users) { bundle in
                    let run = try bundle.script(Self.list, leaking: [leak])
                    #expect(run.output == "0\n1\n2\n3\n", "\(run)")
                    let path = "\(bundle.folder)/list"
                    bundle.configuration.process?.args = ["sh", "-c", "exec > /tmp/list; \(Self.list)"]
                    mkdir("\(bundle.folder)/rootfs/tmp", 0o1777)
                    chmod("\(bundle.folder)/rootfs/tmp", 0o1777)
                    try bundle.write()
                    for command in ["create", "start"] {
                        let result = try Command.run(
                            ["sh", "-c", "exec \"$@\" > \(path) 2>&1", "sh"] + bundle.command([command, "box"]),
                            leaking: [leak])
                        #expect(result.status == 0, "\(command)")
                    }
                    try #expect(bundle.waits(for: "stopped", of: "box"))
                    try #expect(TestEngine.read("\(bundle.folder)/rootfs/tmp/list") == "0\n1\n2\n3\n")
                    try bundle.remove()
                    try bundle.resident()
                    let exec = try bundle.run(["exec", "box", "sh", "-c", Self.list], leaking: [leak])
                    #expect(exec.output == "0\n1\n2\n3\n", "\(exec)")
                    try bundle.remove()
                }
            }
        }

        /// `LISTEN_FDS` of whoever started the caller is not about this process's descriptors (sd_listen_fds(3)).
        @Test(arguments: [[:], ["LISTEN_PID": "1"]])
        func somebodyElsesSocketsAreNotHandedOn(_ environment: [String: String]) throws {
            try TestBundle.with("true") { bundle in
                bundle.configuration.process?.args = ["ls", "/proc/self/fd"]
                let variables = environment.merging(["LISTEN_FDS": "1"]) { $1 }
                let run = try bundle.leakingRoot(["run", "box"], environment: variables)
                #expect(run.output == "0\n1\n2\n3\n", "\(run)")
                let asked = try bundle.leakingRoot(["run", "--preserve-fds", "1", "box"], environment: variables)
                #expect(asked.output == "0\n1\n2\n3\n4\n", "\(asked)")
            }
        }

        /// A hook gets none either: neither the caller's nor the runtime's, nor those that the program keeps.
        @Test func aHookGetsNoDescriptorButItsStreams() throws {
            try TestBundle.with("true") { bundle in
                func hook(_ file: String) -> [RuntimeSpecification.Hook] {
                    let script = "exec > \(file); for n in $(seq 3 40); do [ -e /proc/$$/fd/$n ] && echo $n; done; true"
                    return [.init(path: "/bin/sh", args: ["sh", "-c", script], env: ["PATH=/usr/bin:/bin"])]
                }
                let file = "\(bundle.folder)/hook"
                bundle.configuration.hooks = .init(
                    createRuntime: hook("\(file).1"), createContainer: hook("\(file).2"), startContainer: hook("/hook"),
                    poststart: hook("\(file).3"), poststop: hook("\(file).4"))
                let run = try bundle.leakingRoot(["run", "--preserve-fds", "1", "box"])
                #expect(run.status == 0, "\(run)")
                for path in ["\(file).1", "\(file).2", "\(file).3", "\(file).4", "\(bundle.folder)/rootfs/hook"] {
                    try #expect(TestEngine.read(path) == "", "\(path)")
                }
            }
        }

        @Test func theCallersMaskIsNotTheContainers() throws {
            try TestBundle.with("true") { bundle in
                bundle.configuration.process?.cwd = "/made"
                for mask: mode_t in [0, 0o077] {
                    let before = umask(mask)
                    defer { umask(before) }
                    let result = try bundle.script("umask; stat -c %a /made /dev/null /dev")
                    #expect(result.output == "0022\n755\n666\n755\n", "\(result)")
                    rmdir("\(bundle.folder)/rootfs/made")
                }
            }
        }
    }
}
