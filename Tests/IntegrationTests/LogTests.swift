import OCISpec
import Testing

extension IntegrationTests {
    /// The log of a container in json-file form, and `logs`.
    @Suite struct Logs {
        @Test func everyEntryHasItsStreamTimeAndAtMost16KiB() throws {
            try TestEngine.withBusybox { engine in
                let script = """
                    echo out; echo err >&2; head -c 40000 /dev/zero | tr '\\0' x; echo; printf 'quote " tab\\t end'
                    """
                try engine("run", "--name", "writer", "busybox", "sh", "-c", script)
                let entries = try TestEngine.read(engine.inspect("writer", "{{.LogPath}}")).split(separator: "\n")
                    .map { try JSONValue(parsing: Array($0.utf8)) }
                var streams: [String: [String]] = [:]
                for entry in entries {
                    guard case .object(let members) = entry, case .string(let text)? = members["log"],
                        case .string(let stream)? = members["stream"], case .string(let moment)? = members["time"]
                    else {
                        Issue.record("no entry of a log: \(entry)")
                        continue
                    }
                    streams[stream, default: []].append(text)
                    #expect(moment.hasPrefix("20") && moment.hasSuffix("Z") && moment.contains("T"), "\(moment)")
                }
                #expect(streams["stderr"] == ["err\n"])
                let output = streams["stdout"] ?? []
                #expect(output.map(\.utf8.count) == [4, 16384, 16384, 7233, 16], "\(output.map(\.utf8.count))")
                #expect(output.last == "quote \" tab\t end")
                let logs = try engine("logs", "writer")
                #expect(logs.error == "err\n")
                #expect(logs.output == "out\n" + String(repeating: "x", count: 40000) + "\nquote \" tab\t end")
            }
        }

        @Test(arguments: [1, 2, 4]) func filesAreAsManyAndAsLargeAsWasAskedFor(_ count: Int) throws {
            try TestEngine.withBusybox { engine in
                let run = try engine(
                    "run", "--name", "box", "--log-opt", "max-size=10k", "--log-opt", "max-file=\(count)", "busybox",
                    "sh", "-c", "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done")
                try #require(run.status == 0, "\(run)")
                let id = try engine.inspect("box", "{{.Id}}")
                let files = TestEngine.names(in: "\(engine.root)/containers/\(id)").filter { $0.hasPrefix("log.json") }
                #expect(files.count == count, "\(files)")
                for file in files {
                    // Over the limit by one entry at most.
                    let size = try TestEngine.read("\(engine.root)/containers/\(id)/\(file)").utf8.count
                    #expect(size < 10 << 10 + 256, "\(file)")
                }
                let kept = try engine("logs", "box").lines
                let last = kept.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
                #expect(last == Array((2000 - last.count)..<2000) || last.isEmpty, "the end, without a gap")
                let config = try engine.inspect("box", "{{json .HostConfig.LogConfig}}")
                #expect(config == #"{"Type":"json-file","Config":{"max-file":"\#(count)","max-size":"10240"}}"#)
            }
        }

        @Test func noLogIsKeptIfNoneIsWanted() throws {
            try TestEngine.withBusybox { engine in
                let run = try engine("run", "--name", "box", "--log-driver", "none", "busybox", "echo", "seen")
                #expect(run.status == 0 && run.output == "seen\n", "\(run)")
                let id = try engine.inspect("box", "{{.Id}}")
                #expect(!TestEngine.names(in: "\(engine.root)/containers/\(id)").contains("log.json"))
                try engine.expectRefusal("logs", "box", status: 1, saying: ["--log-driver none"])
                for (options, word) in [
                    (["--log-driver", "syslog"], "syslog"), (["--log-driver", "none", "--log-opt", "tag=x"], "tag"),
                    (["--log-driver", "journald", "--log-opt", "tag={{.Nothing}}"], "Nothing"),
                    (["--log-opt", "max-size=0"], "max-size=0"),
                    (["--log-opt", "max-file=x"], "max-file"),
                    (["--log-driver", "none", "--log-opt", "max-size=1m"], "max-size"),
                ] {
                    let refused = try engine.run(["run", "--rm"] + options + ["busybox", "true"])
                    #expect(refused.status == 125 && refused.error.contains(word), "\(refused)")
                }
            }
        }

        @Test func linesAreChosenByNumberAndTimeAndFollowed() throws {
            try TestEngine.withBusybox { engine in
                let script = """
                    trap 'echo four; exit 0' TERM; for word in one two three; do echo $word; sleep 0.05; done
                    while :; do sleep 0.05; done
                    """
                try engine("run", "-d", "--name", "writer", "busybox", "sh", "-c", script)
                let follower = try engine.start("logs", "--follow", "--tail", "2", "writer")
                #expect(try TestEngine.eventually { try engine("logs", "writer").lines.count == 3 })
                follower.read { $0.contains("three\n") }
                try engine("stop", "writer")
                #expect(follower.finish().output.hasSuffix("three\nfour\n"))

                let stamped = try engine("logs", "-t", "writer").lines.map { $0.split(separator: " ", maxSplits: 1) }
                #expect(stamped.map { $0.last ?? "" } == ["one", "two", "three", "four"], "\(stamped)")
                let second = String(stamped.count > 1 ? stamped[1][0] : "")
                try #expect(engine("logs", "--since", second, "writer").output == "two\nthree\nfour\n")
                try #expect(engine("logs", "--until", second, "writer").output.hasPrefix("one\n"))
                try #expect(!engine("logs", "--until", second, "writer").output.contains("three"))
                try #expect(engine("logs", "--since", "1h", "-n", "1", "writer").output == "four\n")
                try #expect(engine("logs", "--tail", "0", "writer").output.isEmpty)
                try #expect(engine("logs", "--tail", "all", "writer").lines.count == 4)
                try #expect(engine("logs", "nobody").status == 1)
            }
        }
    }
}
