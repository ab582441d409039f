import CLinux
import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// What others can reach of `nestbox-runtime`'s own files: `--root` folders that they can write to, pid files and sockets
    /// in such folders, and links there.
    @Suite struct RuntimeState {
        /// Answers what commands do with a root that `prepare` made.
        private func refuses(_ bundle: TestBundle, _ root: String, sourceLocation: SourceLocation = #_sourceLocation)
            throws
        {
            for command in [
                ["create"], ["run"], ["state"], ["start"], ["kill"], ["delete"], ["delete", "--force"], ["exec"],
                ["update", "--memory", "1m"], ["pause"], ["ps"], ["events", "--stats"],
            ] {
                let tail = command == ["exec"] ? ["box", "true"] : ["box"]
                let result = try Command.run(
                    bundle.command(command + tail, root: root), seconds: 20)
                #expect(
                    result.status != 0 && result.error.contains("choose another --root"), "\(command): \(result)",
                    sourceLocation: sourceLocation)
            }
            let list = try Command.run([bundle.program, "--root", root, "list", "-q"])
            #expect(list.output.isEmpty, "\(list)", sourceLocation: sourceLocation)
        }

        /// A record of the attacker's names a process to kill, and a hook for root to run.
        private func plant(_ folder: String, _ bundle: TestBundle, victim: Int32, marker: String) throws {
            try bundle.resident(command: ["create"])
            for name in ["state.json", "config.json"] {
                let text = try TestEngine.read("\(bundle.root)/box/\(name)")
                try TestRegistry.write(text, to: "\(folder)/\(name)")
            }
            try bundle.remove()
            let identity = try #require(ProcessIdentity(pid: victim))
            var record = try JSONValue(parsing: TestEngine.bytes("\(folder)/state.json")).objectValue ?? [:]
            record["process"] = identity.json
            try TestRegistry.write(
                String(decoding: JSONValue.object(record).serialized(), as: UTF8.self), to: "\(folder)/state.json")
            bundle.configuration.hooks = .init(poststop: [.init(path: "/usr/bin/touch", args: ["touch", marker])])
            try TestRegistry.write(
                String(decoding: bundle.configuration.jsonBytes(), as: UTF8.self), to: "\(folder)/config.json")
            bundle.configuration.hooks = nil
        }

        private static let nobody: uid_t = 65_534

        @Test func aRecordThatOthersHaveMadeIsNotBelieved() throws {
            try TestBundle.with("true") { bundle in
                let victim = try Command(["sleep", "1000"])
                defer {
                    kill(victim.pid, SIGKILL)
                    _ = victim.finish()
                }
                let marker = "\(bundle.folder)/hook-ran"
                let modes: [(root: (uid_t, mode_t), folder: (uid_t, mode_t))] = [
                    ((Self.nobody, 0o755), (0, 0o700)), ((0, 0o777), (0, 0o700)), ((0, 0o1777), (Self.nobody, 0o755)),
                    ((0, 0o775), (0, 0o700)), ((0, 0o755), (0, 0o777)), ((Self.nobody, 0o1777), (0, 0o700)),
                ]
                for (index, mode) in modes.enumerated() {
                    let root = try bundle.makeFolder("root\(index)")
                    let folder = try bundle.makeFolder("root\(index)/box")
                    try plant(folder, bundle, victim: victim.pid, marker: marker)
                    for (path, (owner, mode)) in [(root, mode.root), (folder, mode.folder)] {
                        chown(path, owner, owner)
                        chmod(path, mode)
                    }
                    try refuses(bundle, root)
                    #expect(access("\(folder)/state.json", F_OK) == 0)
                }
                #expect(kill(victim.pid, 0) == 0 && access(marker, F_OK) != 0)
            }
        }

        /// A link in a folder that all may write to leads to the host's files.
        @Test func aContainersFolderThatIsALinkIsNotEmptied() throws {
            try TestBundle.with("true") { bundle in
                let root = try bundle.makeFolder("shared")
                chmod(root, 0o1777)
                let host = try bundle.makeFolder("host")
                try TestRegistry.write("precious", to: "\(host)/file")
                try retrying("link", host) { symlink(host, "\(root)/box") }
                try bundle.write()
                try refuses(bundle, root)
                #expect(TestEngine.names(in: host) == ["file"])
            }
        }

        /// A root of root's own with the sticky bit is used, and what is made in it is nobody else's to read.
        @Test func whatIsMadeIsTheMakersAlone() throws {
            try TestBundle.with("true") { bundle in
                let before = umask(0)
                defer { umask(before) }
                mkdir(bundle.root, 0o1777)
                chmod(bundle.root, 0o1777)
                try bundle.resident()
                var status = stat()
                for (path, mode) in [
                    ("box", 0o700), ("box/state.json", 0o600), ("box/config.json", 0o600), ("box/start", 0o600),
                    ("box/failure", 0o600),
                ] {
                    guard lstat("\(bundle.root)/\(path)", &status) == 0 else { continue }
                    #expect(Int(status.st_mode & 0o7777) == mode, "\(path)")
                }
                try bundle.remove()
            }
        }

        // MARK: - Pid files

        /// In a folder that an attacker can write to, who knows the pid of the runtime to come: the shell's.
        private func run(_ bundle: TestBundle, _ prepare: String, _ path: String) throws -> CommandResult {
            try bundle.write()
            return try Command.run(
                ["sh", "-c", "\(prepare); exec \"$@\"", "sh"] + bundle.command(["run", "--pid-file", path, "box"]),
                seconds: 10)
        }

        @Test func aPidFileIsNotWrittenThroughWhatIsThere() throws {
            try TestBundle.with("true") { bundle in
                let victim = "\(bundle.folder)/victim"
                let path = "\(bundle.folder)/pid"
                try TestRegistry.write("precious", to: victim)
                for prepare in [
                    "ln -s \(victim) \(path)", "ln \(victim) \(path)", "mkfifo \(path)",
                    "ln -s \(victim) \(path).new.$$",
                    "ln \(victim) \(path).new.$$", "mkfifo \(path).new.$$", "ln -s \(path) \(path)",
                    ": > \(path).new.$$; chown nobody \(path).new.$$", "ln -s /dev/tty \(path).new.$$",
                ] {
                    let result = try run(bundle, prepare, path)
                    #expect(result.status == 0, "\(prepare): \(result)")
                    try #expect(TestEngine.read(victim) == "precious", "\(prepare)")
                    var status = stat()
                    #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG, "\(prepare)")
                    #expect(status.st_uid == 0 && status.st_nlink == 1, "\(prepare)")
                    unlink(path)
                }
                for path in [bundle.folder, "\(bundle.folder)/nosuch/pid", "/proc/self/nosuch"] {
                    let result = try run(bundle, ":", path)
                    #expect(result.status == 1 && result.error.split(separator: "\n").count == 1, "\(result)")
                }
            }
        }

        // MARK: - Sockets

        /// What is no socket, or one that nobody serves, ends the start at once.
        @Test func aConsoleSocketThatIsNoneEndsTheStart() throws {
            try TestBundle.with("true") { bundle in
                bundle.configuration.process?.terminal = true
                try bundle.write()
                let folder = bundle.folder
                try TestRegistry.write("precious", to: "\(folder)/file")
                try retrying("make", "a fifo") { mkfifo("\(folder)/fifo", 0o666) }
                try retrying("link", "a loop") { symlink("loop", "\(folder)/loop") }
                for path in [
                    "\(folder)/file", "\(folder)/fifo", "\(folder)/loop", "\(folder)/nosuch", folder, "", "/dev/null",
                    "/" + String(repeating: "a", count: 200), "\0",
                ] {
                    for option in ["--console-socket", "--pidfd-socket"] {
                        let options = option == "--console-socket" ? [] : ["--console-socket", "\(folder)/file"]
                        let result = try bundle.run(["create", option, path] + options + ["box"], seconds: 10)
                        #expect(result.status == 1, "\(option) \(path): \(result)")
                    }
                }
                try #expect(TestEngine.read("\(folder)/file") == "precious")
            }
        }
    }
}
