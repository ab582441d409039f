import Glibc
import Testing

extension IntegrationTests {
    /// What containers use, as `stats` shows it.
    @Suite struct Statistics {
        private func value(_ field: String, of container: String, in engine: TestEngine) throws -> String {
            let result = try engine("stats", "--no-stream", "--format", "{{.\(field)}}", container)
            #expect(result.status == 0, "\(result)")
            return result.line
        }

        /// Bytes of a size such as `33.5MiB`.
        private func bytes(_ text: some StringProtocol) -> Double {
            let number = text.prefix { $0.isNumber || $0 == "." }
            let units: [String: Double] = [
                "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1024, "MiB": 1_048_576, "GiB": 1_073_741_824,
            ]
            return (Double(number) ?? -1) * (units[String(text.dropFirst(number.count).filter { $0 != " " })] ?? -1)
        }

        @Test func processorTimeIsCounted() throws {
            try TestEngine.withBusybox { engine in
                // Two, so that there is enough of it on a machine that has other work, too.
                let loop = "while :; do :; done"
                try engine("run", "-d", "--name", "busy", "busybox", "sh", "-c", "(\(loop)) & \(loop)")
                try engine("run", "-d", "--name", "idle", "busybox", "sleep", "1000")
                let isBusy = try TestEngine.eventually {
                    (Double(try value("CPUPerc", of: "busy", in: engine).dropLast()) ?? 0) > 50
                }
                #expect(isBusy)
                try #expect((Double(value("CPUPerc", of: "idle", in: engine).dropLast()) ?? 100) < 50)
                try #expect(value("PIDs", of: "busy", in: engine) == "2")
            }
        }

        @Test func memoryIsCountedWithoutFileCache() throws {
            try TestEngine.withBusybox { engine in
                let script =
                    "dd if=/dev/zero of=/dev/shm/held bs=1M count=32 && dd if=/dev/zero of=/cache bs=1M count=48 && sync "
                    + "&& echo ready; sleep 1000"
                try engine("run", "-d", "--name", "box", "-m", "128m", "busybox", "sh", "-c", script)
                #expect(try TestEngine.eventually { try engine("logs", "box").output.contains("ready") })
                let usage = try value("MemUsage", of: "box", in: engine).split(separator: "/").map {
                    $0.drop { $0 == " " }.prefix { $0 != " " }
                }
                #expect(usage.count == 2 && usage[1] == "128MiB", "\(usage)")
                #expect(bytes(usage[0]) >= 32 * 1_048_576 && bytes(usage[0]) < 72 * 1_048_576, "\(usage)")
                let share = try Double(value("MemPerc", of: "box", in: engine).dropLast()) ?? 0
                #expect(share >= 25 && share < 57, "\(share)")
                // What was written to the disk is on it.
                let block = try value("BlockIO", of: "box", in: engine).split(separator: "/")
                #expect(block.count == 2 && bytes(block[1].dropFirst()) >= 48e6, "\(block)")
            }
        }

        @Test func trafficIsCountedAsTheContainerSeesIt() throws {
            try TestEngine.withNetwork { engine, _ in
                let box = try engine.container("box")
                let sink = try engine.container("sink")
                try #expect(sink.shell("sleep 1000 | nc -l -p 9000 > /dev/null & :").status == 0)
                let address = try sink.address()
                #expect(
                    try TestEngine.eventually {
                        try box.shell("head -c 400000 /dev/zero | nc -w 5 \(address) 9000").status == 0
                    })
                func traffic(of container: String) throws -> (received: Double, sent: Double) {
                    let parts = try value("NetIO", of: container, in: engine).split(separator: "/")
                    try #require(parts.count == 2, "\(parts)")
                    return (bytes(parts[0]), bytes(parts[1].dropFirst()))
                }
                let (sender, receiver) = try (traffic(of: "box"), traffic(of: "sink"))
                #expect(sender.sent >= 400_000 && (0..<200_000).contains(sender.received), "\(sender)")
                #expect(receiver.received >= 400_000 && (0..<200_000).contains(receiver.sent), "\(receiver)")
                try engine.container("host", "--network", "host")
                try #expect(value("NetIO", of: "host", in: engine) == "0B / 0B")
            }
        }

        @Test func theTableIsThatOfDocker() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--name", "one", "busybox", "sleep", "1000")
                try engine("create", "--name", "two", "busybox", "true")
                let id = try engine.inspect("one", "{{.Id}}")
                let table = try engine("stats", "--no-stream").lines
                #expect(table.count == 2 && table[1].hasPrefix("\(id.prefix(12))   one"), "\(table)")
                for title in [
                    "CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS",
                ] { #expect(table[0].contains(title), "\(table)") }
                let all = try engine("stats", "-a", "--no-stream", "--no-trunc", "--format", "{{.ID}} {{.Name}}").lines
                #expect(all.count == 2 && all.contains("\(id) one"), "\(all)")
                let stopped = try engine(
                    "stats", "--no-stream", "--format", "{{.Container}} {{.MemUsage}} {{.PIDs}}", "two")
                #expect(stopped.line == "two 0B / 0B 0", "\(stopped)")
                try #expect(engine("stats", "--no-stream", "--format", "json", "one").output.hasPrefix(#"{"BlockIO":"#))
                try engine.expectRefusal("stats", "--no-stream", "none", status: 1, saying: ["none"])

                // Without an end it is drawn again and again, until what it shows is gone.
                let stream = try engine.start("stats", "one")
                stream.read { $0.split(separator: "\u{1B}[H", omittingEmptySubsequences: false).count > 2 }
                try #expect(engine("rm", "-f", "one").status == 0)
                let end = stream.finish()
                #expect(end.status == 0 && end.output.hasPrefix("\u{1B}[HCONTAINER ID"), "\(end)")
                #expect(end.output.contains(" \u{1B}[K\n") && end.output.hasSuffix("\u{1B}[J"), "\(end)")
            }
        }
    }
}
