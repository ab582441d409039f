import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// `--log-driver journald`, with a socket of the test's in the place of the journal's.
    @Suite struct Journal {
        /// Runs `nestbox` where a folder lies over /run/systemd, for nobody else.
        private func run(_ engine: TestEngine, _ folder: String, _ arguments: String...) throws -> CommandResult {
            let script = "mount --bind \"$0\" /run/systemd && exec \"$@\""
            return try Command.run(
                ["unshare", "-m", "--propagation", "private", "sh", "-c", script, folder] + engine.command(arguments))
        }

        /// The fields of the next entry; those that are no text are left out.
        private func entry(_ socket: borrowing FileDescriptor) -> [String: String]? {
            var waiting = pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, Int32(10_000 * TestEngine.patience)) > 0 else { return nil }
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let count = recv(socket.rawValue, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            let text = String(decoding: buffer[..<count], as: UTF8.self)
            return Dictionary(
                text.split(separator: "\n").compactMap { line in
                    let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
                    return parts.count == 2 ? (parts[0], parts[1]) : nil
                }, uniquingKeysWith: { first, _ in first })
        }

        private func listen(_ path: String) throws -> FileDescriptor {
            let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            let result = withUnsafeBytes(of: &address) {
                bind(number, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t($0.count))
            }
            try #require(result == 0)
            return FileDescriptor(owning: number)
        }

        @Test(.enabled(if: access("/run/systemd", F_OK) == 0, "needs a folder /run/systemd to mount another one on"))
        func whatAContainerWritesGoesToTheJournal() throws {
            try TestEngine.withBusybox { engine in
                let folder = try engine.makeFolder("systemd")
                let missing = try run(engine, folder, "run", "--rm", "--log-driver", "journald", "busybox", "true")
                #expect(missing.status == 125 && missing.error.contains("/run/systemd/journal/socket"), "\(missing)")
                #expect(missing.error.contains("start systemd-journald, or choose another --log-driver"), "\(missing)")
                _ = try engine.makeFolder("systemd/journal")
                let socket = try listen("\(folder)/journal/socket")
                let ran = try run(
                    engine, folder, "run", "--name", "web", "--log-driver", "journald", "--log-opt",
                    "tag={{.Name}}/{{.ID}}", "busybox", "sh", "-c", "echo out; sleep 0.2; echo err >&2")
                #expect(ran.status == 0 && ran.output == "out\n" && ran.error == "err\n", "\(ran)")
                let id = try engine.inspect("web", "{{.Id}}")
                let short = String(id.prefix(12))
                let firstEntry = entry(socket)
                let first = try #require(firstEntry)
                #expect(
                    first == [
                        "PRIORITY": "6", "CONTAINER_ID": short, "CONTAINER_ID_FULL": id, "CONTAINER_NAME": "web",
                        "CONTAINER_TAG": "web/\(short)", "IMAGE_NAME": "busybox", "SYSLOG_IDENTIFIER": "web/\(short)",
                        "MESSAGE": "out",
                    ], "\(first)")
                let secondEntry = entry(socket)
                let second = try #require(secondEntry)
                #expect(second["PRIORITY"] == "3" && second["MESSAGE"] == "err", "\(second)")
                #expect(!TestEngine.names(in: "\(engine.root)/containers/\(id)").contains("log.json"))
                try engine.expectRefusal("logs", "web", status: 1, saying: ["journalctl CONTAINER_NAME=web"])
                try #expect(
                    engine.inspect("web", "{{.HostConfig.LogConfig.Type}} {{.HostConfig.LogConfig.Config.tag}}")
                        == "journald {{.Name}}/{{.ID}}")
                // The usual tag is the id.
                try #expect(
                    run(engine, folder, "run", "--rm", "--log-driver", "journald", "busybox", "echo", "x").status == 0)
                let thirdEntry = entry(socket)
                let third = try #require(thirdEntry)
                #expect(third["CONTAINER_TAG"] == third["CONTAINER_ID"] && third["MESSAGE"] == "x", "\(third)")
            }
        }

        /// Nobody reads: the container writes far more than the socket holds and ends all the same.
        @Test(.enabled(if: access("/run/systemd", F_OK) == 0, "needs a folder /run/systemd to mount another one on"))
        func aJournalThatStandsStillHoldsNoContainerUp() throws {
            try TestEngine.withBusybox { engine in
                let folder = try engine.makeFolder("systemd")
                _ = try engine.makeFolder("systemd/journal")
                let socket = try listen("\(folder)/journal/socket")
                let ran = try run(
                    engine, folder, "run", "--rm", "--log-driver", "journald", "busybox", "sh", "-c",
                    "seq 1 20000; echo end")
                #expect(ran.status == 0 && ran.output.hasSuffix("20000\nend\n"), "\(ran.status)")
                #expect(entry(socket)?["MESSAGE"] == "1")
            }
        }
    }
}
