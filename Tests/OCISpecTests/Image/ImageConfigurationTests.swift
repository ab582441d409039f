import OCISpec
import Testing

@Suite struct ImageConfigurationTests {
    @Test func everyMemberSurvives() throws {
        let text = #"""
            {"created":"2026-01-02T03:04:05.6Z","author":"me","architecture":"arm64","os":"linux","variant":"v8",
             "config":{"User":"1000:10","ExposedPorts":{"80/tcp":{},"53/udp":{}},"Env":["PATH=/bin","A="],
              "Entrypoint":["/init"],"Cmd":["-x"],"Volumes":{"/data":{}},"WorkingDir":"/w","Labels":{"a":"b"},
              "StopSignal":"SIGQUIT","Healthcheck":{"Test":["CMD","true"],"Interval":30000000000,"Timeout":1,
               "StartPeriod":2,"StartInterval":3,"Retries":4},"Shell":["/bin/bash","-c"],"OnBuild":["RUN x"],
              "ArgsEscaped":true},
             "rootfs":{"type":"layers","diff_ids":["\#(ImageReferenceTests.digest)"]},
             "history":[{"created":"0001-01-01T00:00:00Z","created_by":"c","author":"a","comment":"d"},
              {"empty_layer":true}]}
            """#
        let json = try JSONValue(parsing: text)
        let image = try ImageConfiguration(json: json)
        #expect(image.json == json)
        #expect(image.config?.exposedPorts == ["53/udp", "80/tcp"])
        #expect(image.platform == (try Platform("linux/arm64")))
    }

    @Test func readsWhatDockerWrites() throws {
        let text = #"""
            {"architecture":"amd64","config":{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"Tty":false,
              "Env":["PATH=/usr/bin"],"Cmd":["sh"],"Image":"sha256:x","Volumes":null,"WorkingDir":"","Entrypoint":null,
              "OnBuild":null,"Labels":null},"container":"x","container_config":{"Cmd":null},"docker_version":"20.10.7",
             "created":"2021-06-07T22:19:33.1+02:00","history":[{"created":"2021-06-07T22:19:33Z","empty_layer":false}],
             "os":"linux","rootfs":{"type":"layers","diff_ids":null}}
            """#
        let image = try ImageConfiguration(jsonBytes: Array(text.utf8))
        #expect(image.config == .init(env: ["PATH=/usr/bin"], cmd: ["sh"]))
        #expect(image.created?.description == "2021-06-07T20:19:33.1Z")
        #expect(image.rootfs.diffIDs.isEmpty)
    }

    static let invalid: [(String, message: String)] = [
        (#"{"os":"linux","architecture":"amd64"}"#, "rootfs: the member is missing"),
        (#"{"os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#, "architecture: the member is missing"),
        (#"{"os":"linux","architecture":"a","rootfs":{"type":"x","diff_ids":[]}}"#, #"rootfs.type: expected "layers""#),
        (
            #"{"os":"linux","architecture":"a","rootfs":{"diff_ids":[]},"config":{"Env":["A=\u0000"]}}"#,
            "config.Env[0]: a NUL character is not allowed here"
        ),
        (
            #"{"os":"linux","architecture":"a","rootfs":{"diff_ids":[]},"created":"yesterday"}"#,
            #"created: invalid time "yesterday": expected a year in 4 digits after 0 characters"#
        ),
    ]

    @Test(arguments: invalid)
    func refuses(text: String, message: String) {
        let error = #expect(throws: JSONError.self) { try ImageConfiguration(jsonBytes: Array(text.utf8)) }
        #expect(error?.description == message)
    }

    @Test func dockerArchivesAndLayoutsAreRead() throws {
        let text = #"[{"Config":"c.json","RepoTags":["a:b"],"Layers":["x/layer.tar"]},{"Config":"d","RepoTags":null}]"#
        let entries = try [DockerArchiveEntry](jsonBytes: Array(text.utf8))
        #expect(entries[0] == .init(config: "c.json", repoTags: ["a:b"], layers: ["x/layer.tar"]))
        #expect(entries[1] == .init(config: "d"))
        #expect(try ImageLayout(jsonBytes: ImageLayout().jsonBytes()).imageLayoutVersion == "1.0.0")
        #expect(throws: JSONError.self) { try ImageLayout(json: ["imageLayoutVersion": "2.0.0"]) }
        #expect(throws: JSONError.self) { try ImageLayout(json: [:]) }
    }
}
