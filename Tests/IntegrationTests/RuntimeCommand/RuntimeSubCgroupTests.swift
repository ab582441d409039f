import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `exec --cgroup`, and processes that are read from a descriptor.
    @Suite struct RuntimeSubCgroups {
        /// The container's folders in the trees that it has a group in.
        private func folders(_ bundle: TestBundle) -> [String] {
            ([""] + TestEngine.names(in: "/sys/fs/cgroup").map { "/\($0)" })
                .map { "/sys/fs/cgroup\($0)/\(bundle.cgroup)/box" }.filter { access($0, F_OK) == 0 }
        }

        /// The cgroups of a process that `exec` leaves behind, by controllers; under "" the unified one.
        private func groups(_ bundle: TestBundle, _ options: String...) throws -> [String: String] {
            let file = "\(bundle.folder)/pid"
            let started = try bundle.run(
                ["exec", "--detach", "--pid-file", file] + options + [
                    "box", "sh", "-c", "exec sleep 1000 >/dev/null 2>&1",
                ])
            try #require(started.status == 0, "\(started)")
            var result: [String: String] = [:]
            for line in try TestEngine.read("/proc/\(TestEngine.read(file))/cgroup").split(separator: "\n") {
                let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
                result[String(fields[1])] = String(fields[2])
            }
            return result
        }

        @Test func aProcessEntersASubCgroup() throws {
            try TestBundle.with("sleep", "1000") { bundle in
                try bundle.expect("run", "-d", "box")
                for folder in folders(bundle) { mkdir("\(folder)/sub", 0o755) }
                let own = "/\(bundle.cgroup)/box"
                for path in ["sub", "/sub", "./sub/"] {
                    let groups = try groups(bundle, "--cgroup", path)
                    #expect(groups[""] == "\(own)/sub", "\(path): \(groups)")
                    if try CgroupLayout.detect().isHybrid {
                        #expect(groups["memory"] == "\(own)/sub", "\(path): \(groups)")
                    }
                }
                try #expect(groups(bundle, "--cgroup", "/")[""] == own)
                if try CgroupLayout.detect().isHybrid {
                    let some = try groups(bundle, "--cgroup", "memory,pids:sub", "--cgroup=cpu:/")
                    #expect(some["memory"] == "\(own)/sub" && some["pids"] == "\(own)/sub", "\(some)")
                    #expect(some["cpu"] == own && some[""] == own, "\(some)")
                } else {
                    let refused = try bundle("exec", "--cgroup", "memory:sub", "box", "true")
                    #expect(refused.status == 255 && refused.error.contains("cgroup v2 is one tree"), "\(refused)")
                }
                try bundle.expect("delete", "--force", "box")
            }
        }

        /// A container that hands its controllers on has moved its own processes away: the new one goes there.
        @Test(
            .enabled(if: RuntimeSubCgroups.controllers.contains("hugetlb"), "this kernel has no such controller on v2"))
        func aProcessGoesWhereTheFirstHasGone() throws {
            let script = """
                mkdir /sys/fs/cgroup$U/init && echo $$ > /sys/fs/cgroup$U/init/cgroup.procs \
                && echo +hugetlb > /sys/fs/cgroup$U/cgroup.subtree_control && touch /done; sleep 1000
                """
            try TestBundle.with("sh", "-c", script) { bundle in
                if try CgroupLayout.detect().isHybrid { bundle.configuration.process?.env.append("U=/unified") }
                bundle.configuration.linux?.namespaces.removeAll { $0.type == .cgroup }
                bundle.configuration.linux?.namespaces.append(.init(type: .cgroup))
                bundle.configuration.linux?.resources?.hugepageLimits = [.init(pageSize: "2MB", limit: 2 << 20)]
                bundle.configuration.mounts.removeAll { $0.destination == "/sys/fs/cgroup" }
                bundle.configuration.mounts.append(
                    .init(destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["rw"]))
                try bundle.expect("run", "-d", "box")
                try #require(TestEngine.eventually { access("\(bundle.folder)/rootfs/done", F_OK) == 0 })
                try #expect(groups(bundle)[""] == "/\(bundle.cgroup)/box/init")
                let refused = try bundle("exec", "--cgroup", "/", "box", "true")
                #expect(refused.error.contains("hands controllers to its sub-cgroups"), "\(refused)")
                try bundle.expect("delete", "--force", "box")
            }
        }

        private static var controllers: String {
            (try? CgroupLayout.detect()).flatMap { try? TestEngine.read("\($0.unified)/cgroup.controllers") } ?? ""
        }

        @Test(arguments: [
            ("nosuch", "the sub-cgroup must be there before"), ("../other", #""..\" is not allowed in it"#),
            ("sub/../../..", #""..\" is not allowed in it"#), ("disk:sub", #""disk" is no controller"#),
            (":sub", #""" is no controller"#), ("memory,memory:sub", "memory is named twice"),
        ])
        func whatIsNoSubCgroupIsRefused(_ path: String, _ reason: String) throws {
            try TestBundle.with("sleep", "1000") { bundle in
                try bundle.expect("run", "-d", "box")
                let run = try bundle("exec", "--cgroup", path, "box", "true")
                #expect(run.status == 255 && run.error.contains(reason.replacing("\\", with: "")), "\(run)")
                try bundle.expect("delete", "--force", "box")
            }
        }

        /// A socket has a path in /dev/fd that cannot be opened.
        @Test func aProcessIsReadFromADescriptor() throws {
            let text = #"{"args":["sh","-c","id -u; cat"],"cwd":"/","user":{"uid":7,"gid":7}}"#
            try TestBundle.with("sleep", "1000") { bundle in
                try bundle.expect("run", "-d", "box")
                for path in ["/dev/fd/", "/proc/self/fd/"] {
                    var ends: [Int32] = [-1, -1]
                    try #require(
                        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
                    let near = FileDescriptor(owning: ends[0])
                    let far = FileDescriptor(owning: ends[1])
                    try near.writeAll(Array(text.utf8))
                    shutdown(near.rawValue, Int32(SHUT_WR))
                    let run = try bundle(
                        "exec", "--process", "\(path)\(far.rawValue)", "box", input: "input", leaking: [far.rawValue])
                    #expect(run.status == 0 && run.output == "7\ninput", "\(run)")
                }
                let input = try bundle("exec", "-p", "/dev/stdin", "box", input: text)
                #expect(input.output == "7\n", "\(input)")
                let closed = try bundle("exec", "--process", "/dev/fd/999", "box")
                #expect(closed.status == 255 && closed.error.contains("cannot use /dev/fd/999"), "\(closed)")
                try bundle.expect("delete", "--force", "box")
            }
        }

        /// On the way of `run` the machine's cgroups are looked for once.
        @Test(.enabled(if: access("/usr/bin/strace", X_OK) == 0, "needs strace")) func cgroupsAreLookedForOnce() throws
        {
            try TestBundle.with("true") { bundle in
                let file = "\(bundle.folder)/trace"
                try bundle.write()
                let run = try Command.run(
                    ["strace", "-f", "-e", "trace=open,openat", "-o", file] + bundle.command(["run", "box"]),
                    seconds: 30 * TestEngine.patience)
                #expect(run.status == 0, "\(run)")
                let lines = try TestEngine.read(file).split(separator: "\n").filter {
                    $0.contains("/proc/self/mountinfo")
                }
                #expect(lines.count == 1, "\(lines)")
            }
        }
    }
}
