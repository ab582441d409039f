import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `events`.
    @Suite struct EventStream {
        /// What has happened until now.
        private func past(_ engine: TestEngine, _ filters: String...) throws -> [String] {
            let arguments = ["events", "--since", "1h", "--until", "0s", "--format", "{{.Action}}"]
            return try engine.run(arguments + filters.flatMap { ["--filter", $0] }).lines.map(String.init)
        }

        @Test func theLifeOfAContainerIsTold() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "--name", "web", "-l", "tier=front", "busybox", "sh", "-c", "exit 3")
                try engine("start", "web")
                try engine("wait", "web")
                try engine("rename", "web", "site")
                try engine("rm", "site")
                #expect(
                    try TestEngine.eventually {
                        try past(engine, "container=web")
                            == ["create", "attach", "start", "die", "start", "die"]
                    }, "\(String(describing: try? past(engine)))")
                try #expect(past(engine, "container=site") == ["rename", "destroy"])
                try #expect(past(engine, "label=tier=front", "event=die") == ["die", "die"])
                try #expect(past(engine, "label=tier=back").isEmpty)
                try #expect(past(engine, "type=volume").isEmpty)
                let die = try engine(
                    "events", "--since", "1h", "--until", "0s", "--filter", "event=die", "--format",
                    #"{{.Type}} {{.status}} {{.from}} {{.Actor.Attributes.exitCode}} {{index .Actor.Attributes "tier"}}"#
                )
                #expect(die.lines.first == "container die busybox 3 front", "\(die)")
                let plain = try engine("events", "--since", "1h", "--until", "0s", "--filter", "event=rename").line
                #expect(plain.contains("Z container rename ") && plain.contains("oldName=/web"), "\(plain)")
            }
        }

        /// An image's labels are its own: they must not say how its containers ended.
        @Test func labelsDoNotSpeakForEvents() throws {
            try TestEngine.withBusybox { engine in
                let odd = "a\"b}\n{\\"
                try engine(
                    "run", "--name", "web", "-l", "exitCode=0", "-l", "execDuration=q", "-l", "odd=\(odd)", "busybox",
                    "sh",
                    "-c", "exit 3")
                let die = try engine(
                    "events", "--since", "1h", "--until", "0s", "--filter", "event=die", "--format",
                    "{{.Actor.Attributes.exitCode}} {{.Actor.Attributes.odd}}")
                #expect(die.output == "3 \(odd)\n", "\(die)")
            }
        }

        @Test func theOtherCommandsAreTold() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--name", "web", "busybox", "sleep", "1000")
                try engine("pause", "web")
                try engine("unpause", "web")
                try engine("update", "--pids-limit", "40", "web")
                try engine("exec", "web", "sh", "-c", "exit 4")
                try engine("kill", "-s", "WINCH", "web")
                try engine("restart", "-t", "0", "web")
                try engine("stop", "-t", "0", "web")
                let expected = [
                    "create", "start", "pause", "unpause", "update", "exec_create: sh -c exit 4",
                    "exec_start: sh -c exit 4", "exec_die", "kill", "kill", "die", "start", "stop", "restart", "kill",
                    "die", "stop",
                ]
                // The supervisor and the commands write for themselves: what they do at the same moment has no order.
                #expect(
                    try TestEngine.eventually { try past(engine, "container=web").sorted() == expected.sorted() },
                    "\(String(describing: try? past(engine)))")
                let exec = try engine(
                    "events", "--since", "1h", "--until", "0s", "--filter", "event=exec_die", "--format",
                    "{{.Actor.Attributes.exitCode}} {{len .Actor.Attributes.execID}}")
                #expect(exec.line == "4 64", "\(exec)")
                try engine("volume", "create", "data")
                try engine("volume", "rm", "data")
                try engine("tag", "busybox", "other:1")
                try engine("rmi", "other:1")
                try engine("network", "create", "lane")
                try engine("network", "rm", "lane")
                try #expect(past(engine, "volume=data") == ["create", "destroy"])
                try #expect(past(engine, "type=network") == ["create", "destroy"])
                try #expect(past(engine, "type=image").suffix(2) == ["tag", "untag"])
            }
        }

        @Test func theyAreFollowedAsTheyHappen() throws {
            try TestEngine.withBusybox { engine in
                let follower = try engine.start(
                    "events", "--filter", "type=container", "--format", "json", "--until", "2100-01-01")
                // It has begun to listen when something that happens now is told.
                var rounds = 0
                while rounds < 10, follower.read(seconds: 1, until: { !$0.isEmpty }).isEmpty {
                    try engine("run", "--rm", "busybox", "true")
                    rounds += 1
                }
                try engine("run", "--rm", "--name", "last", "--memory", "16m", "busybox", "sh", "-c", "echo")
                let text = follower.read { $0.contains("\"destroy\"") && $0.contains("\"last\"") }
                follower.signal(SIGTERM)
                _ = follower.finish()
                let lines = text.split(separator: "\n")
                for line in lines {
                    let event = try JSONValue(parsing: Array(line.utf8)).object()
                    try #expect(event.required("scope", as: String.self) == "local")
                    try #expect(event.required("Actor", as: JSONValue.self).object()["Attributes"] != nil)
                }
            }
        }

        @Test func memoryAndHealthAreTold() throws {
            try TestEngine.withBusybox { engine in
                try engine(
                    "run", "--name", "fat", "--memory", "8m", "--memory-swap", "8m", "busybox", "sh", "-c",
                    "x=aaaaaaaa; while :; do x=$x$x; done")
                #expect(try TestEngine.eventually { try past(engine, "container=fat").suffix(2) == ["oom", "die"] })
                try engine(
                    "run", "-d", "--name", "ill", "--health-cmd", "exit 1", "--health-interval", "50ms",
                    "--health-retries", "1", "busybox", "sleep", "1000")
                #expect(
                    try TestEngine.eventually {
                        try past(engine, "event=health_status") == ["health_status: unhealthy"]
                    })
                try engine.killSupervisor(of: "ill")
                try engine("ps")
                try #expect(past(engine, "container=ill").last == "die")
            }
        }

        /// The files are replaced when they have grown, and a follower misses nothing.
        @Test func theLogStaysSmallAndNothingOfItIsMissed() throws {
            try TestEngine.withBusybox { engine in
                let label = String(repeating: "x", count: 12 << 10)
                try engine("create", "--name", "web", "-l", "long=\(label)", "busybox", "true")
                let follower = try engine.start(
                    "events", "--format", "{{.Actor.Attributes.oldName}}", "--filter", "event=rename")
                usleep(300_000)
                var names = ["web"]
                for number in 0..<180 {
                    names.append("name\(number)")
                    try engine("rename", names[number], names[number + 1])
                }
                let text = follower.read { $0.hasSuffix("/\(names[179])\n") }
                follower.signal(SIGTERM)
                _ = follower.finish()
                #expect(text.split(separator: "\n").map { String($0.dropFirst()) } == Array(names.prefix(180)))
                let sizes = try TestEngine.names(in: engine.runRoot + "/events").map {
                    try FileDescriptor.open(engine.runRoot + "/events/" + $0).status().st_size
                }
                #expect(sizes.count == 2 && sizes.allSatisfy { $0 < (1 << 20) + (32 << 10) }, "\(sizes)")
            }
        }
    }
}
