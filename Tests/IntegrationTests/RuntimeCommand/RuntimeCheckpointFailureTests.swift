import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// What goes wrong with `checkpoint` and `restore`, and who wants it to.
    @Suite(.enabled(if: InstalledCRIU.works, "needs a criu that works on this kernel (criu check)"))
    struct RuntimeCheckpointFailures {
        @Test func aDamagedImageLeavesNothingBehind() throws {
            try TestBundle.with("sh", "-c", TestBundle.counter) { bundle in
                _ = try bundle.checkpoint(try bundle.attend("run", "box"))
                let copy = "\(bundle.folder)/copy"
                for name in [
                    "pstree.img", "core-1.img", "mm-1.img", "mountpoints-13.img", "files.img", "inventory.img",
                ] {
                    let copied = try Command.run(["sh", "-c", "rm -rf \(copy); cp -a \(bundle.image) \(copy)"])
                    #expect(copied.status == 0)
                    let path = "\(copy)/\(name)"
                    guard access(path, F_OK) == 0 else { continue }
                    truncate(path, 10)
                    let restored = try bundle("restore", "-d", "--image-path", copy, "box")
                    #expect(restored.status == 1, "\(name)")
                    #expect(restored.error.split(separator: "\n").count == 1, "\(name): \(restored)")
                    #expect(restored.error.contains("cannot restore container box: criu: "), "\(name): \(restored)")
                    #expect(bundle.leftovers() == [], "\(name)")
                }
                let empty = try bundle("restore", "-d", "--image-path", "\(bundle.folder)/rootfs", "box")
                #expect(empty.error.contains("holds no image"), "\(empty)")
                // The name is free all the same.
                try bundle.expect("restore", "-d", "--image-path", bundle.image, "box")
                try bundle.expect("delete", "--force", "box")
            }
        }

        @Test func imagesOfOthersAreRefused() throws {
            try TestBundle.with("sh", "-c", TestBundle.counter) { bundle in
                let run = try bundle.attend("run", "box")
                let elsewhere = "\(bundle.folder)/elsewhere"
                mkdir(elsewhere, 0o700)
                for (name, mode) in [("open", 0o777), ("shared", 0o1777)] as [(String, mode_t)] {
                    mkdir("\(bundle.folder)/\(name)", mode)
                    chmod("\(bundle.folder)/\(name)", mode)
                    symlink(elsewhere, "\(bundle.folder)/\(name)/link")
                }
                // Nobody else can exchange that one, but anybody may have moved a link of root's there.
                mkdir("\(bundle.folder)/theirs", 0o700)
                chown("\(bundle.folder)/theirs", 1000, 1000)
                for (name, words) in [
                    ("open/link", "it is a link"), ("open/link/", "it is a link"), ("shared/link", "it is a link"),
                    ("open", "nobody else may write to"),
                    ("theirs", "nobody else may write to"),
                ] {
                    let path = "\(bundle.folder)/\(name)"
                    for options in [["--image-path", path], ["--image-path", bundle.image, "--work-path", path]] {
                        let refused = try Command.run(bundle.command(["checkpoint"] + options + ["box"]))
                        #expect(refused.status == 1 && refused.error.contains(words), "\(options): \(refused)")
                    }
                    let refused = try Command.run(bundle.command(["restore", "-d", "--image-path", path, "other"]))
                    #expect(refused.status == 1 && refused.error.contains(words), "\(name): \(refused)")
                }
                #expect(TestEngine.names(in: elsewhere).isEmpty)
                #expect(TestEngine.names(in: "\(bundle.folder)/open") == ["link"])
                try #expect(bundle.status("box") == "running")

                // Its own links are as good as what they lead to: containerd's work folder is one.
                let (work, link) = ("\(bundle.folder)/work", "\(bundle.folder)/link")
                mkdir(work, 0o700)
                symlink(work, link)
                try bundle.expect(
                    "checkpoint", "--leave-running", "--image-path", bundle.image, "--work-path", link, "box")
                #expect(TestEngine.names(in: work).contains("dump.log"))
                try FileTree.remove(bundle.image)
                mkdir(bundle.image, 0o700)

                // What somebody has put where the runtime itself writes and reads.
                symlink("\(elsewhere)/written", "\(bundle.image)/descriptors.json")
                _ = try bundle.checkpoint(run)
                #expect(TestEngine.names(in: elsewhere).isEmpty)
                let file = "\(bundle.image)/descriptors.json"
                let hostile: [(String, () -> Void)] = [
                    ("it is no regular file", { mkfifo(file, 0o600) }), ("ELOOP", { symlink("/etc/passwd", file) }),
                    ("it is no array", { try? TestRegistry.write("{}", to: file) }),
                    ("EFBIG", { truncate(file, (close(open(file, O_CREAT | O_WRONLY, 0o600)) == 0) ? 1 << 40 : 0) }),
                ]
                for (words, make) in hostile {
                    unlink(file)
                    make()
                    let refused = try bundle("restore", "-d", "--image-path", bundle.image, "box")
                    #expect(refused.status == 1 && refused.error.contains(words), "\(words): \(refused)")
                }
                #expect(bundle.leftovers() == [])
            }
        }

        /// At several points of what the command takes: whoever is killed, everything can be removed.
        @Test func whoeverIsKilledNothingIsLost() throws {
            try TestBundle.with("sh", "-c", TestBundle.counter) { bundle in
                var run = try bundle.attend("run", "box")
                let start = Uptime.milliseconds()
                try bundle.expect("checkpoint", "--leave-running", "--image-path", bundle.image, "box")
                let length = Int(Uptime.milliseconds() - start)
                for part in stride(from: 10, to: 110, by: 20) {
                    let path = "\(bundle.folder)/image.\(part)"
                    let dump = try Command(bundle.command(["checkpoint", "--image-path", path, "box"]))
                    usleep(UInt32(length * part * 10))
                    dump.signal(SIGKILL)
                    _ = dump.finish()
                    // criu sees that nobody listens, and lets the container go on; or it was done before.
                    let goesOn = try TestEngine.eventually { try bundle.status("box") != "paused" }
                    #expect(goesOn, "\(part)")
                    if try bundle.status("box") == "running" {
                        // What it has printed until now.
                        let before = run.read(seconds: 2).split(separator: "\n").count
                        run.read(seconds: 20 * TestEngine.patience) { $0.split(separator: "\n").count > before + 2 }
                        #expect(run.read(seconds: 0).split(separator: "\n").count > before + 2, "\(part)")
                    } else {
                        try bundle.expect("delete", "--force", "box")
                        _ = run.finish()
                        run = try bundle.attend("run", "box")
                    }
                }
                _ = try bundle.checkpoint(run)
                for part in stride(from: 10, to: 150, by: 20) {
                    let restore = try Command(
                        ["sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh"]
                            + bundle.command(["restore", "-d", "--image-path", bundle.image, "box"]))
                    usleep(UInt32(length * part * 10))
                    restore.signal(SIGKILL)
                    _ = restore.finish()
                    try bundle.expect("delete", "--force", "box")
                    #expect(bundle.leftovers() == [], "\(part)")
                }
            }
        }

        @Test func hooksRunAndStopARestore() throws {
            typealias Hook = RuntimeSpecification.Hook
            try TestBundle.with("sh", "-c", TestBundle.counter) { bundle in
                _ = try bundle.checkpoint(try bundle.attend("run", "box"))
                let seen = "\(bundle.folder)/seen"
                func recorder(_ word: String) -> Hook {
                    Hook(path: "/bin/sh", args: ["sh", "-c", "echo \(word) >>\(seen); cat >>\(seen)"])
                }
                bundle.configuration.hooks = .init(
                    prestart: [recorder("prestart")], createRuntime: [recorder("createRuntime")],
                    poststop: [recorder("poststop")])
                try bundle.expect("restore", "-d", "--image-path", bundle.image, "box")
                let text = try TestEngine.read(seen)
                let pid = try #require(try bundle.state("box")?["pid"]?.integerValue)
                #expect(text.contains("prestart\n{") && text.contains("createRuntime\n{"), "\(text)")
                #expect(text.contains("\"pid\":\(pid)") && text.contains("\"status\":\"creating\""), "\(text)")
                try bundle.expect("delete", "--force", "box")
                try #expect(TestEngine.read(seen).contains("poststop\n{"))
                bundle.configuration.hooks = .init(
                    createRuntime: [Hook(path: "/bin/sh", args: ["sh", "-c", "echo because >&2; exit 3"])])
                let failed = try bundle("restore", "-d", "--image-path", bundle.image, "box")
                #expect(failed.status == 1 && failed.error.contains("it ended with exit status 3"), "\(failed)")
                #expect(failed.error.contains("because") && bundle.leftovers() == [], "\(failed)")
            }
        }
    }

    /// What is said to be criu need not be: this runs where criu does not work, too.
    @Suite struct RuntimeCheckpointPatience {
        @Test func whatHangsInCriusPlaceIsEnded() throws {
            try TestBundle.with("sh", "-c", TestBundle.counter) { bundle in
                let run = try bundle.attend("run", "box")
                #expect(try TestEngine.eventually { try bundle.status("box") == "running" })
                let program = "\(bundle.folder)/hanging"
                try TestRegistry.write("#!/bin/sh\necho $$ >\(bundle.folder)/pid\nexec sleep 1000\n", to: program)
                chmod(program, 0o755)
                let refused = try Command.run(
                    bundle.command(["--criu", program, "checkpoint", "--image-path", bundle.image, "box"]))
                #expect(
                    refused.status == 1 && refused.error.contains("criu hangs: it has not answered for 20 s"),
                    "\(refused)")
                let pid = try #require(Int32(TestEngine.read("\(bundle.folder)/pid").split(separator: "\n")[0]))
                #expect(kill(pid, 0) != 0)
                try #expect(bundle.status("box") == "running")
                try bundle.expect("delete", "--force", "box")
                _ = run.finish()
            }
        }
    }
}
