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
                #expect(facts == #"echo ["a b"] 33554432 none 64"#)
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
