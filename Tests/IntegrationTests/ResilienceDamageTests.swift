import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// Records of networks, images, volumes and names that are damaged, and clocks that have been put back.
    @Suite struct ResilienceDamage {
        /// What a file may have become.
        enum Damage: String, CaseIterable {
            case empty, garbage, truncated, folder

            func apply(to path: String) throws {
                let bytes = try? TestEngine.bytes(path)
                try FileTree.remove(path)
                switch self {
                case .empty: try write([], path)
                case .garbage: try write([0, 1] + Array("garbage".utf8), path)
                case .truncated: try write(Array((bytes ?? []).prefix(20)), path)
                case .folder: try #require(mkdir(path, 0o700) == 0)
                }
            }

            private func write(_ bytes: [UInt8], _ path: String) throws {
                try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600).writeAll(bytes)
            }
        }

        /// What every other container and command must go on doing.
        private func expectOthersWell(_ engine: TestEngine, sourceLocation: SourceLocation = #_sourceLocation) throws {
            let listed = try engine("ps", "--format", "{{.Names}}")
            #expect(listed.status == 0 && listed.lines.contains("well"), "\(listed)", sourceLocation: sourceLocation)
            try #expect(engine("exec", "well", "echo", "fine").line == "fine", sourceLocation: sourceLocation)
            let another = try engine("run", "--rm", "busybox", "echo", "another")
            #expect(another.line == "another", "\(another)", sourceLocation: sourceLocation)
        }

        private func expectError(
            _ engine: TestEngine, _ arguments: String..., naming path: String,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let result = try engine.run(arguments)
            #expect(result.error.contains(path), "\(arguments): \(result)", sourceLocation: sourceLocation)
            #expect(result.error.split(separator: "\n").count == 1, "\(result)", sourceLocation: sourceLocation)
        }

        @Test(arguments: ["network.json", "networks.json"], Damage.allCases)
        func aDamagedRecordOfNetworksKeepsNobodyElse(_ name: String, _ damage: Damage) throws {
            try TestEngine.withNetwork { engine, _ in
                try engine.makeNetwork("lane")
                try engine.container("well")
                let damaged = try engine.container("damaged", "-p", "8080:80")
                try #expect(engine("network", "connect", "lane", "damaged").status == 0)
                let id = try engine.inspect("damaged", "{{.Id}}")
                let folder = name == "network.json" ? engine.runRoot : engine.root
                let path = "\(folder)/containers/\(id)/\(name)"
                try damage.apply(to: path)
                try expectOthersWell(engine)
                try expectError(engine, "ps", naming: path)
                try expectError(engine, "inspect", "damaged", naming: path)
                // It runs, and is listed.
                try #expect(engine("ps", "--format", "{{.Names}}").lines.contains("damaged"))
                try #expect(damaged.shell("echo in").line == "in")
                try #expect(engine("rm", "-f", "damaged").status == 0)
                try #expect(engine("ps", "-a").error.isEmpty)
                try #expect(engine("ps", "-a", "--format", "{{.Names}}").line == "well")
                try engine.container("damaged", "-p", "8080:80")
                try #expect(engine("rm", "-f", "damaged", "well").status == 0)
                try #expect(engine("network", "rm", "lane").status == 0)
            }
        }

        @Test(arguments: Damage.allCases) func aDamagedNetworkKeepsNoOther(_ damage: Damage) throws {
            try TestEngine.withNetwork { engine, _ in
                try engine.makeNetwork("lane")
                try engine.container("well")
                try engine.container("damaged", "--network", "lane")
                let path = "\(engine.root)/networks/lane/network.json"
                let bytes = try TestEngine.bytes(path)
                try damage.apply(to: path)
                try expectOthersWell(engine)
                try expectError(engine, "run", "--rm", "--network", "lane", "busybox", "true", naming: path)
                try expectError(engine, "network", "inspect", "lane", naming: path)
                if damage != .folder {
                    try expectError(engine, "network", "ls", naming: path)
                    try #expect(engine("network", "ls", "--format", "{{.Name}}").lines.contains("bridge"))
                }
                let removed = try engine("rm", "-f", "damaged")
                #expect(removed.status == 0, "\(removed)")
                try FileTree.remove(path)
                try FileDescriptor.open(path, O_WRONLY | O_CREAT, mode: 0o600).writeAll(bytes)
                // Nobody has an address there any more.
                try #expect(engine("network", "rm", "lane").status == 0)
                try #expect(engine("rm", "-f", "well").status == 0)
            }
        }

        @Test(arguments: Damage.allCases) func aDamagedImageKeepsNoOther(_ damage: Damage) throws {
            try TestEngine.with { engine in
                try engine("run", "-d", "--name", "well", "busybox", "sleep", "1000")
                let known = Set(TestEngine.names(in: "\(engine.root)/images"))
                try engine("load", "-q", "-i", TestEngine.fixture("app-docker.tar"))
                let new = Set(TestEngine.names(in: "\(engine.root)/images")).subtracting(known)
                let name = try #require(new.first)
                let path = "\(engine.root)/images/\(name)"
                try damage.apply(to: path)
                try expectOthersWell(engine)
                try expectError(engine, "images", naming: path)
                if damage == .folder { try FileTree.remove(path) }
                let removed = try engine("rmi", String(name.prefix(12)))
                #expect(removed.status == 0 || damage == .folder, "\(removed)")
                try #expect(engine("load", "-q", "-i", TestEngine.fixture("app-docker.tar")).status == 0)
                try #expect(engine("images", "-q").lines.count == 2)
            }
        }

        /// A name and its container belong together only by a link.
        @Test(arguments: [Damage.empty, .garbage, .folder]) func aDamagedNameOrLeaseCanBeHadAgain(_ damage: Damage)
            throws
        {
            try TestEngine.with { engine in
                try engine("run", "-d", "--name", "well", "busybox", "sleep", "1000")
                let id = try engine("run", "-d", "--name", "damaged", "busybox", "sleep", "1000").line
                try damage.apply(to: "\(engine.root)/names/damaged")
                let leases = TestEngine.names(in: "\(engine.root)/ids")
                for lease in leases { try damage.apply(to: "\(engine.root)/ids/\(lease)") }
                try expectOthersWell(engine)
                try #expect(engine("exec", id, "echo", "in").line == "in")
                try #expect(engine("rm", "-f", id).status == 0)
                let again = try engine("run", "--rm", "--name", "damaged", "busybox", "echo", "again")
                #expect(again.line == "again", "\(again)")
                for lease in leases { try FileTree.remove("\(engine.root)/ids/\(lease)") }
            }
        }

        @Test(arguments: Damage.allCases) func aDamagedVolumeKeepsItsFiles(_ damage: Damage) throws {
            try TestEngine.with { engine in
                try engine("run", "-d", "--name", "well", "busybox", "sleep", "1000")
                try engine("volume", "create", "--label", "a=b", "data")
                try engine.shell("echo kept >/d/file", with: ["-v", "data:/d"])
                try damage.apply(to: "\(engine.root)/volumes/data/volume.json")
                try expectOthersWell(engine)
                let listed = try engine("volume", "ls", "-q")
                if damage == .folder {
                    #expect(listed.error.contains("\(engine.root)/volumes/data/volume.json"), "\(listed)")
                } else {
                    #expect(listed.line == "data", "\(listed)")
                }
                try #expect(engine.shell("cat /d/file", with: ["-v", "data:/d"]).line == "kept")
                try #expect(engine("rm", "-f", "well").status == 0)
                try FileTree.remove("\(engine.root)/volumes/data/volume.json")
                try #expect(engine("volume", "rm", "data").status == 0)
            }
        }

        /// Everything was made, started and ended in what is the future by now.
        @Test func aClockThatWasPutBackChangesNothing() throws {
            try TestEngine.with { engine in
                try engine("run", "-d", "--name", "running", "busybox", "sh", "-c", "echo line; exec sleep 1000")
                try engine("run", "--name", "ended", "busybox", "true")
                #expect(try TestEngine.eventually { try engine("logs", "running").line == "line" })
                for name in ["running", "ended"] {
                    let folder = "\(engine.root)/containers/\(try engine.inspect(name, "{{.Id}}"))"
                    for file in ["container.json", "state.json", "log.json"] {
                        guard let text = try? TestEngine.read("\(folder)/\(file)") else { continue }
                        let year = Timestamp.year
                        let later = text.split(separator: year, omittingEmptySubsequences: false).joined(
                            separator: "2097")
                        // In place: the supervisor has the log open.
                        try FileDescriptor.open("\(folder)/\(file)", O_WRONLY | O_TRUNC).writeAll(Array(later.utf8))
                    }
                }
                let status = try engine("ps", "-a", "--format", "{{.Names}} {{.Status}}").lines.sorted()
                #expect(
                    status == ["ended Exited (0) Less than a second ago", "running Up Less than a second"], "\(status)")
                try #expect(engine.inspect("running", "{{.State.Running}}") == "true")
                try #expect(engine("exec", "running", "echo", "in").line == "in")
                try #expect(engine("logs", "running").line == "line")
                try #expect(engine("run", "--rm", "busybox", "true").status == 0)
                // What is of the future is not older than an hour.
                try #expect(engine("container", "prune", "-f", "--filter", "until=1h").status == 0)
                try #expect(engine("ps", "-aq").lines.count == 2)
                try #expect(engine("start", "ended").status == 0)
                try #expect(engine("stop", "-t", "0", "running").status == 0)
                try #expect(engine.inspect("running", "{{.State.Status}} {{.State.ExitCode}}") == "exited 137")
                try #expect(engine("rm", "running", "ended").status == 0)
            }
        }
    }
}

extension Timestamp {
    /// The present year.
    fileprivate static var year: String { String(WallClock.now().description.prefix(4)) }
}
