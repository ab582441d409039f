import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `--format` of everything that prints facts, and what info and version say.
    @Suite struct Formats {
        private static func object(_ text: String) throws -> JSONObject {
            let value = try JSONValue(parsing: Array(text.utf8))
            return try #require({ if case .object(let object) = value { object } else { nil } }(), "no object: \(text)")
        }

        @Test func informationIsTextJSONOrATemplate() throws {
            try TestEngine.withBusybox { engine in
                for command in ["info", "version"] {
                    let text = try engine(command)
                    #expect(text.status == 0 && text.output.contains("ersion: "), "\(text)")
                    let json = try Self.object(engine(command, "--format", "json").output)
                    #expect(json["KernelVersion"] == .string(try TestEngine.trimmed("/proc/sys/kernel/osrelease")))
                    try #expect(
                        engine(command, "-f", "{{json .KernelVersion}}").line
                            == "\"\(TestEngine.trimmed("/proc/sys/kernel/osrelease"))\"")
                }
                let versions = TestEngine.hasUnifiedCgroups ? "2" : "hybrid"
                try #expect(
                    engine("info", "-f", "{{.CgroupVersion}} {{.Images}} {{.NestboxRootDir}}").line
                        == "\(versions) 1 \(engine.root)")
                try #expect(engine("--version").output.hasPrefix("nestbox "))
                let wrong = try engine("info", "--format", "{{.NoSuchField}}")
                #expect(wrong.status != 0 && wrong.error.contains("NoSuchField"), "\(wrong)")
            }
        }

        @Test func labelsAndAnnotationsComeFromFlagsAndFiles() throws {
            try TestEngine.withBusybox { engine in
                let file = try engine.file(
                    "labels", text: "# a comment\n\ncom.example.tier=front\nbare\na=of the file\n")
                try engine(
                    "create", "--name", "box", "--label-file", file, "--label", "a=1,2", "--annotation",
                    "com.example.x=y",
                    "busybox", "true")
                try #expect(
                    engine.inspect("box", "{{json .Config.Labels}} {{json .HostConfig.Annotations}}")
                        == #"{"a":"1,2","bare":"","com.example.tier":"front"} {"com.example.x":"y"}"#)
                try #expect(
                    engine("ps", "-a", "--format", #"{{.Label "com.example.tier"}} {{.Label "a"}} {{.Label "none"}}."#)
                        .output == "front 1,2 .\n")
                try #expect(
                    engine("ps", "-a", "--format", #"table {{.Names}}\t{{.Label "a"}}"#).output
                        == "NAMES     a\nbox       1,2\n")
                try #expect(Self.object(engine("ps", "-a", "--format", "json").output)["Label"] == nil)
                let missing = try engine("create", "--label-file", "\(file).none", "busybox")
                #expect(missing.status == 125 && missing.error.contains("\(file).none"), "\(missing)")
            }
        }

        @Test func aDamagedRecordIsToldOfAndRemovedByForce() throws {
            try TestEngine.withBusybox { engine in
                let bad = try engine("create", "busybox", "true").line
                try engine("create", "--name", "good", "busybox", "true")
                let record = "\(engine.root)/containers/\(bad)/container.json"
                try AtomicFile.write(Array("{".utf8), to: record)
                let listed = try engine("ps", "-a", "--format", "{{.Names}}")
                #expect(listed.output == "good\n" && listed.status == 0, "\(listed)")
                #expect(listed.error.contains(record), "\(listed)")
                try #expect(engine("rm", "-f", bad).status == 0)
                try #expect(engine("ps", "-aq").error.isEmpty)
            }
        }

        @Test func listsAndInspectionsAreTablesJSONOrTemplates() throws {
            try TestEngine.withBusybox { engine in
                let id = try engine("create", "--name", "box", "-l", "a=b", "-m", "32m", "busybox", "echo", "a b").line
                let table = try engine("ps", "-a", "--format", "table {{.ID}}\t{{.Names}}\t{{.Labels}}").lines
                try #require(table.count == 2 && table[0].hasPrefix("CONTAINER ID   NAMES"), "\(table)")
                #expect(table[1].hasPrefix("\(id.prefix(12))   box") && table[1].hasSuffix("a=b"), "\(table)")
                let row = try Self.object(engine("ps", "-a", "--format", "json").output)
                #expect(
                    row["ID"] == .string(String(id.prefix(12))) && row["Names"] == "box" && row["State"] == "created")
                #expect(row["Labels"] == "a=b" && row["Image"] == "busybox")
                let facts = try engine.inspect(
                    "box", "{{.Path}} {{json .Args}} {{.HostConfig.Memory}} {{.HostConfig.NetworkMode}} {{len .Id}}")
                #expect(facts == #"echo ["a b"] 33554432 bridge 64"#)
                let whole = try JSONValue(parsing: Array(engine("inspect", "box", "busybox").output.utf8))
                guard case .array(let objects) = whole else {
                    Issue.record("inspect prints no array")
                    return
                }
                #expect(objects.count == 2)
                try #expect(engine("inspect", "--type", "image", "box").status == 1)
            }
        }
    }
}
