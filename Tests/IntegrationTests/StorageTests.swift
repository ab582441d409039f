import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Bind mounts, volumes, memory, and the root file system.
    @Suite struct Storage {
        private static func owner(_ path: String) -> String {
            var status = stat()
            guard lstat(path, &status) == 0 else { return "missing" }
            return "\(status.st_uid):\(status.st_gid)"
        }

        @Test func filesKeepTheirOwnersOnBothSidesOfABindMount() throws {
            try TestEngine.withBusybox { engine in
                let file = try engine.file("shared/theirs", text: "of the host\n")
                chown(file, 1000, 50)
                let folder = "\(engine.folder)/shared"
                let script = """
                    stat -c %u:%g /data/theirs /data; cat /data/theirs; touch /data/ours; mkdir /data/folder
                    touch /data/apps; chown app:staff /data/apps; awk '{print $2}' /proc/self/uid_map
                    """
                let result = try engine.shell(script, with: ["-v", "\(folder):/data"])
                let lines = result.lines
                #expect(lines.prefix(3) == ["1000:50", "0:0", "of the host"], "\(result)")
                // It was a user namespace of its own, and yet its root made files of the host's root.
                #expect(lines.last != "0", "\(result)")
                #expect(Self.owner("\(folder)/ours") == "0:0")
                #expect(Self.owner("\(folder)/folder") == "0:0")
                #expect(Self.owner("\(folder)/apps") == "1000:50")
                #expect(Self.owner(file) == "1000:50")
            }
        }

        @Test func bindMountsAreReadOnlyRecursiveOrSingleFilesAsAsked() throws {
            try TestEngine.withBusybox { engine in
                let file = try engine.file("source/file", text: "content\n")
                let folder = "\(engine.folder)/source"
                let script = """
                    cat /one; for f in /one /ro/new /mro/new /rw/new; do (echo x >$f) 2>/dev/null && echo $f; done
                    stat -c %F /made; (echo '#!/bin/sh' >/rw/program; chmod 755 /rw/program; /rw/program) && echo ran
                    """
                let result = try engine.shell(
                    script,
                    with: [
                        "-v", "\(file):/one:ro", "-v", "\(folder):/ro:ro", "-v", "\(folder):/rw",
                        "--mount", "type=bind,source=\(folder),target=/mro,readonly",
                        "--volume", "\(engine.folder)/made:/made",
                    ])
                #expect(result.output == "content\n/rw/new\ndirectory\nran\n", "\(result)")
                try #expect(TestEngine.read("\(folder)/new") == "x\n")
                // -v makes the folder that is missing on the host, as Docker's does.
                #expect(Self.owner("\(engine.folder)/made") == "0:0")
            }
        }

        @Test func targetsInsideOneAnotherAreMountedOutermostFirst() throws {
            try TestEngine.withBusybox { engine in
                let inner = try engine.file("inner/file", text: "inner\n")
                _ = try engine.file("outer/file", text: "outer\n")
                let result = try engine.shell(
                    "cat /a/file /a/b/file; ls /a/b; cat /etc/hostname; ls /etc/passwd",
                    with: [
                        "-v", "\(inner):/a/b/file", "-v", "\(engine.folder)/outer:/a", "-v", "etc:/etc", "-h", "named",
                    ])
                #expect(result.output == "outer\ninner\nfile\nnamed\n/etc/passwd\n", "\(result)")
            }
        }

        @Test func namedVolumesLiveOnAndBeginWithTheImagesFiles() throws {
            try TestEngine.withBusybox { engine in
                let first = try engine.shell(
                    "stat -c %u:%g /home/app; touch /home/app/byroot; echo kept >/d/file",
                    with: ["-v", "home:/home/app", "--mount", "type=volume,source=data,target=/d"])
                #expect(first.output == "1000:1000\n", "\(first)")
                let second = try engine.shell(
                    "ls /h; cat /d/file; (echo x >/d/file) 2>/dev/null || echo read-only; stat -c %u:%g /h /h/byroot",
                    with: ["-v", "home:/h", "-v", "data:/d:ro"])
                #expect(second.output == "byroot\nkept\nread-only\n1000:1000\n0:0\n", "\(second)")
                #expect(Set(TestEngine.names(in: "\(engine.root)/volumes")) == ["home", "data"])
                #expect(Self.owner("\(engine.root)/volumes/home/_data/byroot") == "0:0")
                // nocopy leaves a new volume empty.
                let empty = try engine.shell("ls -A /etc/group", with: ["-v", "empty:/etc:nocopy"])
                #expect(empty.status == 1, "\(empty)")
            }
        }

        @Test func sharedMountsPropagateAsAsked() throws {
            try TestEngine.withBusybox { engine in
                let folder = "\(engine.folder)/shared"
                #expect(mkdir(folder, 0o755) == 0)
                #expect(mount(folder, folder, nil, UInt(MS_BIND), nil) == 0)
                defer { umount2(folder, Int32(MNT_DETACH)) }
                #expect(mount(nil, folder, nil, UInt(MS_SHARED), nil) == 0)
                for option in ["rshared", "shared", "rslave", "slave", "rprivate"] {
                    let script =
                        "grep ' /data ' /proc/self/mountinfo; mkdir -p /data/inner; mount -t tmpfs none /data/inner"
                    let result = try engine.shell(script, with: ["--privileged", "-v", "\(folder):/data:\(option)"])
                    #expect(result.status == 0, "\(option) \(result)")
                    let expected =
                        option.hasSuffix("shared") ? "shared:" : option.hasSuffix("slave") ? "master:" : " - "
                    #expect(result.output.contains(expected), "\(option) \(result)")
                    // What is mounted inside shows outside, when it was asked to.
                    #expect((umount("\(folder)/inner") == 0) == option.hasSuffix("shared"), "\(option)")
                }
            }
        }

        @Test func targetsBehindDanglingLinksAreMadeInsideTheRoot() throws {
            let image = HostileImage { image in
                // As the images of Ubuntu have it; and what would lead out of the root.
                image.layer.symlink("etc/resolv.conf", to: "../run/systemd/resolve/stub-resolv.conf")
                image.layer.symlink("data", to: "/deep/../below/folder")
                image.layer.symlink("out", to: "../../../../../../../../nestbox-outside")
                image.layer.symlink("loop", to: "loop")
            }
            try TestEngine.with(hostile: image) { engine in
                _ = try engine.file("source/file", text: "content\n")
                let folder = "\(engine.folder)/source"
                let script =
                    "cat /below/folder/file /nestbox-outside/file; test -f /run/systemd/resolve/stub-resolv.conf"
                let result = try engine(
                    "run", "--rm", "-v", "\(folder):/data", "-v", "\(folder):/out", "hostile", "sh", "-c", script)
                #expect(result.status == 0 && result.output.hasPrefix("content\ncontent\n"), "\(result)")
                #expect(access("/nestbox-outside", F_OK) != 0)
                let loop = try engine("run", "--rm", "-v", "\(folder):/loop", "hostile", "true")
                #expect(loop.status == 125, "\(loop)")
            }
        }

        @Test func startingWritesNothingToAContainersOwnLayer() throws {
            try TestEngine.withBusybox { engine in
                let id = try engine("run", "-d", "busybox", "sleep", "1000").line
                // The image has none of /etc/hosts, /etc/hostname and /etc/resolv.conf.
                let upper = "\(engine.root)/containers/\(id)/upper"
                try #expect(engine("exec", id, "cat", "/etc/hostname").line == id.prefix(12))
                #expect(TestEngine.names(in: upper) == [])
                #expect(Self.owner("\(engine.root)/mountpoints/etc/hosts") == "0:0")
                let result = try engine(
                    "exec", id, "sh", "-c", "stat -c '%u:%g %a' /etc; rm /etc/passwd; ls /etc/passwd")
                #expect(result.output == "0:0 755\n", "\(result)")
                #expect(TestEngine.names(in: upper) == ["etc"])
            }
        }

        @Test func memoryMountsHaveTheirSizeAndMode() throws {
            try TestEngine.withBusybox { engine in
                let script = """
                    for d in /run /t /m /dev/shm; do echo $(df -k $d | awk 'END {print $2}') $(stat -c %a $d); done
                    grep ' /t ' /proc/mounts | grep -c noexec; (echo x >/root-file) 2>/dev/null || echo read-only
                    for d in /run /t /m /dev/shm /v; do (echo x >$d/f) && rm $d/f || echo $d; done
                    head -c 100000 /dev/zero >/run/f 2>/dev/null || echo full
                    """
                let result = try engine.shell(
                    script,
                    with: [
                        "--read-only", "--tmpfs", "/run:size=64k,mode=700", "--tmpfs", "/t", "-v", "vol:/v",
                        "--mount", "type=tmpfs,target=/m,tmpfs-size=1m,tmpfs-mode=750", "--shm-size", "2m",
                    ])
                let lines = result.lines
                #expect(
                    lines.first == "64 700" && lines.dropFirst(2).prefix(2) == ["1024 750", "2048 1777"], "\(result)")
                // Docker's defaults of --tmpfs: noexec,nosuid,nodev, half of the memory, mode 1777.
                #expect(lines.dropFirst().first?.hasSuffix(" 1777") == true, "\(result)")
                #expect(lines.dropFirst(4) == ["1", "read-only", "full"], "\(result)")
            }
        }
    }
}
