import CLinux
import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// `--storage-opt size=`: how much a container may write into its own layer.
    @Suite struct StorageSize {
        @Test(arguments: [["create"], ["run", "--rm"], ["run", "-d"]])
        func whereThereAreNoProjectQuotasItIsRefused(_ command: [String]) throws {
            try TestEngine.withSmallRoot { engine in
                let result = try engine.run(command + ["--storage-opt", "size=1m", "busybox", "true"])
                #expect(result.status == 125 && result.output.isEmpty, "\(result)")
                #expect(result.error.contains("prjquota") && result.error.contains(engine.root), "\(result)")
                #expect(result.error.split(separator: "\n").count == 1, "\(result)")
                #expect(TestEngine.names(in: "\(engine.root)/containers").isEmpty)
                #expect(engine.projects.isEmpty)
                // What asks for no limit gets none.
                let zero = try engine("run", "--rm", "--storage-opt", "size=0", "busybox", "echo", "in")
                #expect(zero.output == "in\n", "\(zero)")
            }
        }

        @Suite(
            .enabled(
                if: !QuotaFileSystem.available.isEmpty,
                "needs a kernel with project quotas (CONFIG_QFMT_V2 or CONFIG_XFS_QUOTA) and mkfs.ext4 or mkfs.xfs"))
        struct WithQuotas {
            @Test(arguments: QuotaFileSystem.available)
            func aContainerFillsItsOwnSizeAndNobodyElseIsShortOfIt(_ system: QuotaFileSystem) throws {
                try TestEngine.withQuotas(on: system) { engine in
                    try engine.sized(
                        "small", "8m",
                        script: """
                            until [ -e /dev/shm/go ]; do sleep 0.1; done
                            dd if=/dev/zero of=/full bs=64k count=400 || echo no room
                            seq 1 200; sleep 1000
                            """)
                    try engine.sized("large", "32m")
                    try engine("run", "-d", "--name", "free", "--network", "none", "busybox", "sleep", "1000")
                    try engine("exec", "small", "touch", "/dev/shm/go")
                    // Its log is not a part of its layer.
                    let isDone = try TestEngine.eventually { try engine("logs", "small").lines.last == "200" }
                    let log = try engine("logs", "small")
                    #expect(isDone && log.lines.prefix(2) == ["no room", "1"], "\(log)")
                    let size = try Int(engine("exec", "small", "stat", "-c", "%s", "/full").line) ?? 0
                    #expect(size > 4 << 20 && size <= 8 << 20, "\(size)")
                    let disk = try engine("exec", "small", "sh", "-c", "df -k / | awk 'END { print $2 }'")
                    #expect(disk.line == "8192", "\(disk)")
                    // The others have all that is theirs.
                    for name in ["large", "free"] {
                        let result = try engine.fill(name, "/file", mebibytes: 16)
                        #expect(result.status == 0, "\(name) \(result)")
                    }
                    try #expect(engine.fill("large", "/more", mebibytes: 32).isOutOfSpace)
                    // Whoever removes something has room again.
                    try #expect(engine.fill("small", "/second", mebibytes: 2).isOutOfSpace)
                    try engine("exec", "small", "rm", "/full", "/second")
                    try #expect(engine.fill("small", "/second", mebibytes: 4).status == 0)
                    try #expect(engine.inspect("small", "{{.HostConfig.StorageOpt.size}}") == "8388608")
                }
            }

            @Test(arguments: QuotaFileSystem.available)
            func theLayerIsUsedAsAnyOther(_ system: QuotaFileSystem) throws {
                try TestEngine.withQuotas(on: system) { engine in
                    // The copy of the image's files into the volume goes by way of the layer.
                    try engine.sized("cc", "8m", "-v", "etc:/etc")
                    try engine.sized("dd", "8m")
                    let script = """
                        set -e; echo x >>/etc/passwd; rm /etc/group; rm -r /home; mkdir /home; touch /home/new
                        mkdir /a; touch /a/f; mv /a /b; ln /b/f /b/g; dd if=/dev/zero of=/big bs=64k count=16
                        """
                    for name in ["cc", "dd"] {
                        let result = try engine("exec", name, "sh", "-c", script)
                        #expect(result.status == 0, "\(name) \(result)")
                    }
                    let changes = try engine("diff", "dd").lines
                    for line in ["C /etc", "C /etc/passwd", "D /etc/group", "A /b/g", "A /big"] {
                        #expect(changes.contains { $0 == line }, "\(line): \(changes)")
                    }
                    try #expect(engine("cp", "dd:/big", "\(engine.folder)/big").status == 0)
                    try #expect(TestEngine.bytes("\(engine.folder)/big").count == 1 << 20)
                    // What is copied into it counts, while it runs and while it does not.
                    let bytes = [UInt8](repeating: 7, count: 9 << 20)
                    let large = try engine.file("large", bytes)
                    for round in 0..<2 {
                        try #expect(engine("cp", "\(engine.folder)/big", "dd:/copy\(round)").status == 0)
                        try #expect(engine("cp", large, "dd:/large").isOutOfSpace)
                        try #expect(engine("commit", "dd", "copy\(round)").status == 0)
                        guard round == 0 else { break }
                        try engine("exec", "dd", "rm", "-f", "/large")
                        try engine("stop", "-t", "0", "dd")
                    }
                    let copy = try engine(
                        "run", "--rm", "--network", "none", "copy1", "ls", "/copy0", "/copy1", "/home", "/b")
                    #expect(copy.status == 0 && copy.output.contains("new"), "\(copy)")
                    // It is the same container after another start, and by another name.
                    try engine("rename", "dd", "ee")
                    try #expect(engine("start", "ee").status == 0)
                    try #expect(engine.fill("ee", "/more", mebibytes: 8).isOutOfSpace)
                }
            }

            @Test(arguments: QuotaFileSystem.available)
            func nobodyInsideGetsOutOfTheProject(_ system: QuotaFileSystem) throws {
                try TestEngine.withQuotas(on: system) { engine in
                    try engine.sized(
                        "inside", "4m", "--cap-add", "ALL", "--security-opt", "seccomp=unconfined", "-v",
                        "/lib:/lib:ro",
                        "-v", "/lib64:/lib64:ro", "-v", "/usr/bin/chattr:/bin/chattr:ro")
                    try engine("exec", "inside", "sh", "-c", "touch /file; mkdir /folder")
                    let project = try engine.project(of: "inside")
                    #expect(project >= 0x4000_0000)
                    for path in ["/file", "/folder", "/"] {
                        let result = try engine("exec", "inside", "chattr", "-p", "7", path)
                        #expect(result.status != 0 && result.error.contains("Invalid argument"), "\(path) \(result)")
                        try #expect(engine.project(of: "inside", path) == project)
                    }
                    let flag = try engine("exec", "inside", "chattr", "-P", "/folder")
                    #expect(flag.status != 0 && flag.error.contains("Invalid argument"), "\(flag)")
                    try engine("exec", "inside", "touch", "/folder/file")
                    try #expect(engine.project(of: "inside", "/folder/file") == project)
                    try #expect(engine.fill("inside", "/folder/file", mebibytes: 8).isOutOfSpace)
                }
            }

            @Test(arguments: QuotaFileSystem.available, ["host", "private"])
            func rootOfTheHostsUserNamespaceIsLimited(_ system: QuotaFileSystem, users: String) throws {
                try TestEngine.withQuotas(on: system) { engine in
                    // overlayfs writes with the rights of whoever has mounted it, without the one that ext4 lets exceed a quota.
                    try engine.sized("cc", "4m", "--userns", users, "--cap-add", "ALL")
                    try #expect(engine.fill("cc", "/file", mebibytes: 8).isOutOfSpace)
                }
            }

            @Test(arguments: QuotaFileSystem.available)
            func whatHadASizeLeavesNothing(_ system: QuotaFileSystem) throws {
                try TestEngine.withQuotas(on: system) { engine in
                    try engine.sized("aa", "8m")
                    let project = try engine.project(of: "aa")
                    try #expect(engine.quota(of: project).limit == 8 << 20)
                    try engine.sized("bb", "4m")
                    try #expect(engine.project(of: "bb") == project + 1)
                    try #expect(engine.fill("aa", "/file", mebibytes: 6).status == 0)
                    try #expect(engine("rm", "-f", "aa").status == 0)
                    #expect(engine.projects == ["1"])
                    let isFree = try TestEngine.eventually {
                        let quota = try engine.quota(of: project)
                        return quota.limit == 0 && quota.files == 0 && quota.space == 0
                    }
                    #expect(isFree)
                    // The supervisor of one with --rm gives it back, without any command.
                    try engine.sized("aa", "8m", "--rm", script: "until [ -e /dev/shm/end ]; do sleep 0.1; done")
                    #expect(engine.projects == ["0", "1"])
                    try #expect(engine.fill("aa", "/file", mebibytes: 6).status == 0)
                    try engine("exec", "aa", "touch", "/dev/shm/end")
                    let isReturned = TestEngine.eventually { engine.projects == ["1"] }
                    #expect(isReturned)
                    // The next one has all of its own, whoever had the project before.
                    for _ in 0..<2 {
                        let next = try engine(
                            "run", "--rm", "--network", "none", "--storage-opt", "SIZE=16m", "busybox", "dd",
                            "if=/dev/zero", "of=/file", "bs=64k", "count=200")
                        #expect(next.status == 0, "\(next)")
                    }
                }
            }

            @Test(arguments: QuotaFileSystem.available)
            func aKillAtAnyMomentLeavesNoLease(_ system: QuotaFileSystem) throws {
                try TestEngine.withQuotas(on: system) { engine in
                    try engine.sized("once", "8m", "--rm")
                    try engine.sized("stays", "8m")
                    try engine.killSupervisor(of: "once")
                    try engine.killSupervisor(of: "stays")
                    try #expect(engine("ps", "-a", "--format", "{{.Names}}").output == "stays\n")
                    #expect(engine.projects == ["1"])
                    try #expect(engine("start", "stays").status == 0)
                    try #expect(engine.fill("stays", "/file", mebibytes: 12).isOutOfSpace)
                    try engine("rm", "-f", "stays")
                    for moment in (0..<8 as Range<UInt32>).map({ $0 * 4_000 * UInt32(TestEngine.patience) }) {
                        let command = try engine.start(
                            "run", "-d", "--network", "none", "--storage-opt", "size=8m", "busybox", "sleep", "1000")
                        usleep(moment)
                        command.signal(SIGKILL)
                        _ = command.finish()
                    }
                    // Every container has a lease, and nobody else has.
                    let isSettled = try TestEngine.eventually {
                        try engine("ps", "-aq").lines.count == engine.projects.count
                    }
                    #expect(isSettled, "\(engine.projects)")
                }
            }

            @Test(arguments: QuotaFileSystem.available)
            func withoutQuotasAContainerDoesNotStartAgain(_ system: QuotaFileSystem) throws {
                try TestEngine.withQuotas(on: system) { engine in
                    let made = try engine(
                        "create", "--name", "cc", "--network", "none", "--storage-opt", "size=4m", "busybox", "true")
                    #expect(made.status == 0, "\(made)")
                    try #require(umount2(engine.root, 0) == 0)
                    // ext4 counts all the same.
                    try #require(try system.mount(engine.quotaImage, at: engine.root))
                    let refused = try engine("start", "cc")
                    #expect(refused.status != 0 && refused.error.contains("prjquota"), "\(refused)")
                    try #expect(engine.inspect("cc", "{{.State.Status}}") == "created")
                    try #require(umount2(engine.root, 0) == 0)
                    try #require(try system.mount(engine.quotaImage, at: engine.root, "prjquota"))
                    try #expect(engine("start", "-a", "cc").status == 0)
                }
            }
        }
    }
}
