import CLinux
import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// What a bundle's configuration can ask for beyond what the engine does, member by member.
    @Suite struct RuntimeSpecificationMembers {
        /// What a shell prints in a container of the changed configuration.
        private func output(
            _ script: String, sourceLocation: SourceLocation = #_sourceLocation,
            _ change: (inout RuntimeSpecification, TestBundle) throws -> Void
        ) throws -> String {
            var text = ""
            try TestBundle.with("sh", "-c", script, sourceLocation: sourceLocation) { bundle in
                try change(&bundle.configuration, bundle)
                let run = try bundle("run", "box")
                #expect(run.status == 0, "\(run)", sourceLocation: sourceLocation)
                text = run.output
            }
            return text
        }

        private func refusal(_ change: (inout RuntimeSpecification) -> Void) throws -> String {
            var text = ""
            try TestBundle.with("true") { bundle in
                change(&bundle.configuration)
                let run = try bundle("run", "box")
                #expect(run.status == 1)
                text = run.error
            }
            return text
        }

        /// To Swift the slash and the accent behind it are one character, to the kernel they are two.
        @Test func aFolderWhoseNameBeginsWithAnAccentIsOne() throws {
            let folder = "/\u{301}folder"
            let seen = try output("pwd; grep -c ' /.*folder ' /proc/self/mountinfo") { spec, _ in
                spec.mounts.append(.init(destination: folder, type: "tmpfs", source: "tmpfs"))
                spec.process?.cwd = folder
            }
            #expect(seen == "\(folder)\n1\n")
        }

        @Test func schedulingIsTheProcesss() throws {
            let policy = try output("grep ^policy /proc/self/sched; cut -d ' ' -f 19 /proc/self/stat") { spec, _ in
                spec.process?.scheduler = .init(policy: .batch, nice: 5)
            }
            #expect(policy.split(whereSeparator: \.isWhitespace).suffix(2) == ["3", "5"], "\(policy)")
            try #expect(
                output("cat /proc/self/oom_score_adj") { spec, _ in spec.process?.oomScoreAdj = 500 } == "500\n")
            try TestBundle.with("sleep", "1000") { bundle in
                try bundle.expect("run", "-d", "box")
                let process = """
                    {"args":["grep","Cpus_allowed_list","/proc/self/status"],"cwd":"/","user":{"uid":0,"gid":0},
                     "execCPUAffinity":{"initial":"0","final":"0"}}
                    """
                try TestRegistry.write(process, to: "\(bundle.folder)/process.json")
                let inner = try bundle("exec", "-p", "\(bundle.folder)/process.json", "box")
                #expect(inner.output == "Cpus_allowed_list:\t0\n", "\(inner)")
                try bundle.expect("delete", "--force", "box")
            }
        }

        @Test func theKernelsViewIsTheContainers() throws {
            try #expect(
                output("uname -m") { spec, _ in spec.linux?.personality = .init(domain: .linux32) }.hasPrefix("i686"))
            let policy = try output("grep -m 1 bind: /proc/self/numa_maps") { spec, _ in
                spec.linux?.memoryPolicy = .init(mode: .bind, nodes: "0")
            }
            #expect(policy.contains("bind:0"))
            let offsets = try output("cat /proc/self/timens_offsets; cat /proc/uptime") { spec, _ in
                spec.linux?.namespaces.append(.init(type: .time))
                spec.linux?.timeOffsets = ["boottime": .init(secs: 864_000), "monotonic": .init(secs: 5)]
            }
            let words = offsets.split(whereSeparator: \.isWhitespace)
            #expect(words.prefix(6) == ["monotonic", "5", "0", "boottime", "864000", "0"], "\(offsets)")
            #expect(Double(words[6]).map { $0 > 864_000 } == true, "\(offsets)")
            try #expect(
                output("cat /proc/sys/kernel/domainname") { spec, _ in spec.domainname = "dom.ain" } == "dom.ain\n")
        }

        @Test func mountsAreMappedAndProtected() throws {
            let mapped = try output("stat -c %u:%g /m/file") { spec, bundle in
                let folder = "\(bundle.folder)/source"
                mkdir(folder, 0o755)
                try TestRegistry.write("", to: "\(folder)/file")
                chown("\(folder)/file", 3, 4)
                spec.mounts.append(
                    .init(
                        destination: "/m", source: folder, options: ["bind", "idmap"],
                        uidMappings: [.init(containerID: 0, hostID: 1000, size: 10)],
                        gidMappings: [.init(containerID: 0, hostID: 2000, size: 10)]))
            }
            #expect(mapped == "1003:2004\n")
            let copied = try output("cat /etc/passwd >/dev/null && touch /etc/made && stat -f -c %T /etc") { spec, _ in
                spec.mounts.append(.init(destination: "/etc", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]))
            }
            #expect(copied == "tmpfs\n")
            let text = try output("touch /m/x 2>&1 || echo refused") { spec, bundle in
                spec.mounts.append(.init(destination: "/m", source: bundle.folder, options: ["rbind", "rro"]))
            }
            #expect(text.hasSuffix("refused\n"))
            // What the container mounts does not reach the bundle.
            let inner = try output("grep -c shared: /proc/self/mountinfo || true") { _, _ in }
            #expect(inner == "0\n")
        }

        @Test func aMountNamespaceCanBeJoined() throws {
            let holder = try Command(["unshare", "-m", "sleep", "1000"])
            defer {
                holder.signal(SIGKILL)
                _ = holder.finish()
            }
            let path = "/proc/\(holder.pid)/ns/mnt"
            let isSeparate = TestEngine.eventually { StoredFile.link(path) != StoredFile.link("/proc/self/ns/mnt") }
            try #require(isSeparate)
            let joined = try output("readlink /proc/self/ns/mnt") { spec, _ in
                spec.linux?.namespaces.removeAll { $0.type == .mount }
                spec.linux?.namespaces.append(.init(type: .mount, path: path))
            }
            #expect(joined == "\(StoredFile.link(path) ?? "")\n")
        }

        /// The listener gets the descriptor and the state, and decides.
        @Test(.enabled(if: access("/usr/bin/python3", X_OK) == 0, "needs python3"))
        func aListenerAnswersSystemCalls() throws {
            try TestBundle.with("sh", "-c", "mkdir /made; echo $?") { bundle in
                let path = "\(bundle.folder)/listener"
                let script = """
                    import array, fcntl, socket, struct
                    listener = socket.socket(socket.AF_UNIX)
                    listener.bind("\(path)")
                    listener.listen(1)
                    print("ready", flush=True)
                    connection, _ = listener.accept()
                    text, data, _, _ = connection.recvmsg(65536, 1024)
                    print(text.decode(), flush=True)
                    descriptor = array.array("i", data[0][2])[0]
                    call = bytearray(80)
                    fcntl.ioctl(descriptor, 0xc0502100, call)
                    answer = struct.pack("QqiI", struct.unpack_from("Q", call)[0], 0, -17, 0)
                    fcntl.ioctl(descriptor, 0xc0182101, bytearray(answer))
                    """
                let agent = try Command(["python3", "-c", script])
                agent.read { $0.contains("ready") }
                bundle.configuration.linux?.seccomp = .init(
                    defaultAction: .allow, listenerPath: path, listenerMetadata: "words",
                    syscalls: [.init(names: ["mkdir", "mkdirat"], action: .notify)])
                let run = try bundle("run", "box")
                let heard = agent.finish()
                #expect(run.error.contains("File exists"), "\(run) \(heard)")
                let state = try JSONValue(parsing: Array(heard.lines[1].utf8))
                #expect(state["fds"] == ["seccompFd"] && state["metadata"] == "words", "\(heard)")
                #expect(state["state"]?["id"] == "box" && state["pid"]?.integerValue != nil, "\(heard)")
            }
        }

        @Test func whatCannotBeGivenIsRefused() throws {
            try #expect(refusal { $0.linux?.intelRdt = .init(closID: "a") }.contains("linux.intelRdt"))
            try #expect(refusal { $0.linux?.mountLabel = "a" }.contains("linux.mountLabel"))
            try #expect(refusal { $0.process?.selinuxLabel = "a" }.contains("process.selinuxLabel"))
            try #expect(refusal { $0.linux?.netDevices = ["lo": .init()] }.contains("network device lo"))
            try #expect(refusal { $0.process?.cwd = "etc" }.contains("process.cwd"))
            try #expect(refusal { $0.ociVersion = "2.0.0" }.contains("ociVersion"))
            try #expect(refusal { $0.linux?.timeOffsets = ["boottime": .init(secs: 1)] }.contains("timeOffsets"))
            let shared = try refusal { $0.linux?.namespaces.removeAll { $0.type == .mount } }
            #expect(shared.contains("mounts: without a mount namespace of the container's own"))
            try #expect(refusal { $0.linux?.namespaces.append(.init(type: .user)) }.contains("linux.uidMappings"))
        }
    }
}
