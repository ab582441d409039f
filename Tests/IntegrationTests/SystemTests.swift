import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `system df` and `system prune`.
    @Suite struct SystemCommands {
        /// Two images that share a layer, a container of one of them, and a volume.
        private func fill(_ engine: TestEngine) throws {
            var (base, top) = (TarArchive(), TarArchive())
            base.file("base", String(repeating: "b", count: 3000))
            top.file("top", String(repeating: "t", count: 2000))
            for (name, layers) in [("small:1", [base.bytes]), ("large:1", [base.bytes, top.bytes])] {
                let bytes = TestImage.archive(name, layers: layers, config: ["Cmd": ["none"]])
                try #require(engine("load", "-q", "-i", engine.file("image.tar", bytes)).status == 0)
            }
            try engine("create", "--name", "box", "-v", "data:/d", "small:1")
            try engine.run(
                ["run", "--name", "ended", "busybox", "sh", "-c", "head -c 5000 /dev/zero >/file"])
            let folder = try engine("volume", "inspect", "-f", "{{.Mountpoint}}", "data").line
            try FileDescriptor.open("\(folder)/file", O_WRONLY | O_CREAT, mode: 0o600).writeAll(
                Array("0123456789".utf8))
            try engine("volume", "create", "spare")
        }

        @Test func whatIsOnTheDiskIsCountedOnce() throws {
            try TestEngine.with { engine in
                let empty = try engine("system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}}")
                    .lines
                #expect(empty.dropFirst() == ["Containers 0 0 0B", "Local Volumes 0 0 0B", "Build Cache 0 0 0B"])
                let size = try #require(
                    try JSONValue(parsing: Array(engine("inspect", "busybox").output.utf8))[0]?["Size"]?.integerValue)
                try fill(engine)
                let rows = try engine("system", "df", "--format", "json").lines.map {
                    try JSONValue(parsing: Array($0.utf8))
                }
                func row(_ index: Int) -> [String] {
                    ["Type", "TotalCount", "Active", "Size", "Reclaimable"].map { rows[index][$0]?.stringValue ?? "" }
                }
                try #require(rows.count == 4)
                #expect(Array(row(0).prefix(3)) == ["Images", "3", "2"], "\(rows)")
                // busybox and 5,000 bytes: the base that two images have counts once, and only the top is nobody's.
                #expect(row(0)[4] == "2kB (\(2000 * 100 / (size + 5000))%)", "\(rows)")
                #expect(row(1) == ["Containers", "2", "0", "5kB", "5kB (100%)"], "\(rows)")
                #expect(row(2) == ["Local Volumes", "2", "1", "10B", "0B (0%)"], "\(rows)")
                #expect(row(3) == ["Build Cache", "0", "0", "0B", "0B"], "\(rows)")
                let table = try engine("system", "df").lines
                #expect(table.first == "TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE", "\(table)")
                #expect(table.count == 5)

                let verbose = try engine("system", "df", "-v").output
                for part in [
                    "Images space usage:\n\nREPOSITORY   TAG", "SHARED SIZE   UNIQUE SIZE   CONTAINERS\n",
                    "\n\nContainers space usage:\n\nCONTAINER ID   IMAGE", "LOCAL VOLUMES   SIZE",
                    "\n\nLocal Volumes space usage:\n\nVOLUME NAME   LINKS     SIZE\ndata          1         10B\n",
                    "\n\nBuild cache usage: 0B\n\nCACHE ID   CACHE TYPE   SIZE      CREATED   LAST USED   USAGE     SHARED\n",
                ] { #expect(verbose.contains(part), "\(part) in \(verbose)") }
                let format = "{{range .Images}}{{.Repository}} {{.SharedSize}} {{.UniqueSize}} {{.Containers}}\n{{end}}"
                let images = try engine("system", "df", "-v", "--format", format).lines
                #expect(images.contains("large 3kB 2kB 0") && images.contains("small 3kB 0B 1"), "\(images)")
                try #expect(engine("system", "df", "-v", "--format", "table {{.Type}}").status == 1)
                try engine("volume", "rm", "spare")
            }
        }

        @Test func whatNothingUsesIsRemoved() throws {
            try TestEngine.with { engine in
                try fill(engine)
                try engine("network", "create", "lane")
                try engine("run", "-d", "--name", "runs", "-v", "/anonymous", "busybox", "sleep", "1000")
                try engine("create", "--name", "other", "-v", "/anonymous", "busybox", "true")
                let declined = try engine("system", "prune", "--volumes", "-a", input: "n\n")
                let question = """
                    WARNING! This will remove:
                      - all stopped containers
                      - all networks not used by at least one container
                      - all anonymous volumes not used by at least one container
                      - all images without at least one container associated to them

                    Are you sure you want to continue? [y/N]
                    """
                #expect(declined.status == 0 && declined.output == question + " ", "\(declined)")
                try #expect(engine("ps", "-aq").lines.count == 4)
                let nothing = try engine("system", "prune", "-f", "--filter", "until=2020-01-01")
                #expect(nothing.output == "Total reclaimed space: 0B\n", "\(nothing)")
                try #expect(
                    engine("system", "prune", "-f", "--volumes", "--filter", "until=1h").error.contains("until"))

                let ids = try ["box", "ended", "other"].map { try engine.inspect($0, "{{.Id}}") }
                let plain = try engine("system", "prune", "-f")
                #expect(plain.output.hasPrefix("Deleted Containers:\n"), "\(plain)")
                for id in ids { #expect(plain.output.contains(id + "\n")) }
                let rest = "\n\nDeleted Networks:\nlane\n\nTotal reclaimed space: 5kB\n"
                #expect(plain.output.hasSuffix(rest), "\(plain)")
                try #expect(engine("images", "-q").lines.count == 3)
                try #expect(engine("volume", "ls", "-q").lines.count == 4)

                let all = try engine("system", "prune", "-f", "-a", "--volumes")
                #expect(all.output.hasPrefix("Deleted Volumes:\n"), "\(all)")
                #expect(all.output.contains("\n\nDeleted Images:\nuntagged: "), "\(all)")
                try #expect(engine("images", "--format", "{{.Repository}}").output == "busybox\n")
                try #expect(engine("volume", "ls", "-q").lines.count == 3)
                try #expect(engine("exec", "runs", "ls", "/anonymous").status == 0)
                for name in ["data", "spare"] { try engine("volume", "rm", name) }
            }
        }
    }
}
