import Glibc
import LinuxSystem
import OCISpec
import Testing

@testable import OCIRuntime

@Suite struct CheckpointTests {
    private static func options(_ command: Subcommand?, _ words: String...) throws -> CheckpointOptions {
        let command = try #require(command)
        return try CheckpointOptions(try Options(words[...], command.options))
    }

    private static var checkpoint: Subcommand? { Subcommand.named("checkpoint") }
    private static var restore: Subcommand? { Subcommand.named("restore") }

    @Test func optionsAreRuncsAndCruns() throws {
        let plain = try Self.options(Self.checkpoint, "box")
        #expect(plain.imagePath == "checkpoint" && plain.workPath == nil && !plain.isPreDump)
        #expect(plain.criu.cgroupMode == .default && plain.criu.networkLock == nil)
        let all = try Self.options(
            Self.checkpoint, "--image-path", "/i", "--work-path=/w", "--parent-path", "../p", "--leave-running",
            "--tcp-established", "--tcp-skip-in-flight", "--link-remap", "--ext-unix-sk", "--shell-job", "--file-locks",
            "--pre-dump", "--manage-cgroups-mode", "soft", "--empty-ns", "network", "--auto-dedup", "--network-lock",
            "nftables", "box")
        #expect(all.imagePath == "/i" && all.workPath == "/w" && all.parentPath == "../p" && all.isPreDump)
        let criu = all.criu
        #expect(criu.leavesRunning && criu.keepsConnections && criu.skipsConnectionsInFlight && criu.linksDeletedFiles)
        #expect(criu.takesExternalSockets && criu.isShellJob && criu.takesFileLocks && criu.removesDuplicates)
        #expect(criu.cgroupMode == .soft && criu.networkLock == .nftables && !criu.isRestore)
        let restored = try Self.options(
            Self.restore, "--bundle", "/b", "-d", "--pid-file", "p", "--console-socket", "s", "--no-subreaper",
            "--tcp-close", "--lsm-profile", "apparmor:x", "--lsm-mount-context", "y", "--manage-cgroups-mode", "ignore",
            "box")
        #expect(restored.criu.closesConnections && restored.criu.securityProfile == "apparmor:x")
        #expect(restored.criu.securityMountContext == "y" && restored.criu.cgroupMode == .ignore)
    }

    @Test(arguments: [
        ["--lazy-pages"], ["--status-fd", "3"], ["--page-server", "127.0.0.1:1"], ["--empty-ns", "mount"],
        ["--manage-cgroups-mode", "hard"], ["--network-lock", "ebpf"], ["--image-path", ""], ["--bundle", "/b"],
        ["--image-path"],
    ])
    func whatIsNotThereIsRefusedByItsName(words: [String]) throws {
        let error = #expect(throws: LaunchError.self) {
            _ = try CheckpointOptions(try Options(words[...], try #require(Self.checkpoint).options))
        }
        #expect(error?.description.contains(words[0]) == true, "\(error?.description ?? "")")
    }

    @Test func criusConfigurationIsWhereAnAnnotationSays() {
        #expect(CheckpointOptions.configurationFile([:]) == "/etc/criu/runc.conf")
        #expect(CheckpointOptions.configurationFile(["org.criu.config": "/a"]) == "/a")
        #expect(CheckpointOptions.configurationFile(["org.criu.config": ""]) == nil)
    }

    @Test func onlyPipesOfStandardStreamsAreTheCallers() throws {
        func pipes(_ text: String) throws -> [CRIUOptions.InheritedDescriptor] {
            try StreamNames.pipes(Array(text.utf8))
        }
        try #expect(
            pipes(#"["/dev/null","pipe:[1]","pipe:[2]","pipe:[3]"]"#) == [
                .init(key: "pipe:[1]", number: 1), .init(key: "pipe:[2]", number: 2),
            ])
        try #expect(pipes("[]") == [] && pipes(#"[1,null,{"pipe:[1]":2}]"#) == [])
        for text in ["", "{}", "[", "\"pipe:[1]\""] { #expect(throws: JSONError.self, "\(text)") { try pipes(text) } }
    }

    @Test func theCauseIsFoundInALog() {
        let log = """
            (00.1) Warn  (criu/a.c:1): nothing
            (00.2) Error (criu/sk-inet.c:191): inet: Connected TCP socket, consider using --tcp-established option.
            (00.3) Error (criu/cr-dump.c:1635): Dump files (pid: 231) failed with -1
            (00.4) Error (criu/cr-dump.c:2053): Dumping FAILED.
            """
        let cause = "inet: Connected TCP socket, consider using --tcp-established option."
        #expect(ImageFolder.complaint(inText: log) == cause)
        #expect(ImageFolder.complaint(inText: "(00.4) Error (criu/x.c:1): Dumping FAILED.\n") == "Dumping FAILED.")
        #expect(ImageFolder.complaint(inText: "") == nil)
        #expect(ImageFolder.plainError("Error (criu/x.c:1): a: b\n") == "a: b" && ImageFolder.plainError("a") == "a")
    }

    @Test func mountsAreReadAsTheKernelWritesThem() {
        let table = MountTable(
            """
            67 63 254:0 /b/rootfs / rw,relatime - ext4 /dev/vda rw
            68 67 0:5 /a\\040b /x\\134y ro,nosuid master:1 - ext4 /dev/vda rw
            69 67 0:5 / /data rw - tmpfs none rw
            70 69 0:6 / /data/in rw - tmpfs none rw
            71 69 0:6 / /database rw - tmpfs none rw
            broken line
            """)
        #expect(table.entries.count == 5)
        #expect(table.entries[1].root == "/a b" && table.entries[1].point == "/x\\y")
        #expect(table.entries[1].options == ["ro", "nosuid"] && table.top(at: "/data")?.type == "tmpfs")
        #expect(table.points(below: "/data") == ["/data/in"] && table.points(below: "/").count == 4)
    }

    @Test func whatCriuCannotRestoreIsRefused() throws {
        typealias Specification = RuntimeSpecification
        func specification(_ change: (inout Specification) -> Void) -> Specification {
            var value = Specification(linux: .init())
            value.linux?.namespaces = [.init(type: .mount), .init(type: .pid)]
            change(&value)
            return value
        }
        try CheckpointCheck.check(specification { _ in }, cgroup: nil)
        let refused: [(String, Specification)] = [
            ("mount namespace", specification { $0.linux?.namespaces = [.init(type: .pid)] }),
            ("user namespace", specification { $0.linux?.namespaces.append(.init(type: .user, path: "/u")) }),
            ("ID-mapped", specification { $0.mounts = [.init(destination: "/m", options: ["bind", "idmap"])] }),
            ("shared", specification { $0.mounts = [.init(destination: "/m", options: ["rbind", "rshared"])] }),
            ("shared", specification { $0.linux?.rootfsPropagation = "shared" }),
            ("listener", specification { $0.linux?.seccomp = .init(defaultAction: .notify) }),
        ]
        for (words, value) in refused {
            let error = #expect(throws: LaunchError.self, "\(words)") { try CheckpointCheck.check(value, cgroup: nil) }
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
    }

    @Test func anImageFolderIsOnesOwn() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/image"
            _ = try ImageFolder.make("\(path)/")
            symlink(path, "\(folder)/link")
            // A link of one's own is as good as what it leads to, but not where others could have put it.
            _ = try ImageFolder.open("\(folder)/link")
            chmod(folder, 0o777)
            for name in ["link", "link/"] {
                let error = #expect(throws: LaunchError.self) { _ = try ImageFolder.open("\(folder)/\(name)") }
                #expect(error?.description.contains("it is a link") == true, "\(error?.description ?? "")")
            }
            chmod(folder, 0o700)
            let images = try ImageFolder.open(path)
            // What was put there is replaced, not followed.
            symlink("\(folder)/elsewhere", "\(path)/file")
            #expect(throws: SystemError.self) { try images.readFile("file", limit: 100) }
            try images.writeFile("file", [1])
            #expect(access("\(folder)/elsewhere", F_OK) != 0)
            try #expect(images.readFile("file", limit: 100) == [1] && images.readFile("none", limit: 1) == nil)
            mkfifo("\(path)/fifo", 0o600)
            #expect(throws: SystemError.self) { try images.readFile("fifo", limit: 100) }
            chmod(path, 0o777)
            let error = #expect(throws: LaunchError.self) { _ = try ImageFolder.open(path) }
            #expect(error?.description.contains("nobody else may write") == true)
        }
    }
}
