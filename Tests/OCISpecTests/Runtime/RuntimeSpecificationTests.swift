import OCISpec
import Testing

@Suite struct RuntimeSpecificationTests {
    /// Every member there is, none with the value that a missing one stands for.
    @Test(arguments: [
        completeProcess, completeLinux, completeResources,
        #"""
        {"ociVersion": "1.0.2", "hostname": "h", "domainname": "d", "root": {"path": "r", "readonly": true},
         "mounts": [{"destination": "/a", "type": "tmpfs", "source": "s", "options": ["ro", "nosuid"],
          "uidMappings": [{"containerID": 0, "hostID": 4294967295, "size": 1}],
          "gidMappings": [{"containerID": 1, "hostID": 2, "size": 3}]}, {"destination": "/b"}],
         "hooks": {"prestart": [{"path": "/1"}], "createRuntime": [{"path": "/2", "args": ["2"], "env": ["A=b"]}],
          "createContainer": [{"path": "/3", "timeout": 5}], "startContainer": [{"path": "/4"}],
          "poststart": [{"path": "/5"}], "poststop": [{"path": "/6"}]},
         "annotations": {"a.b/c": "d", "e": ""}}
        """#,
        #"{"ociVersion": "1.0.0"}"#,
    ])
    func everyMemberSurvives(text: String) throws {
        let json = try JSONValue(parsing: text)
        let specification = try RuntimeSpecification(json: json)
        #expect(specification.json == json)
        #expect(try RuntimeSpecification(jsonBytes: specification.jsonBytes(pretty: true)) == specification)
    }

    @Test(arguments: [
        (#"{}"#, "ociVersion: the member is missing"),
        (#"{"ociVersion": null}"#, "ociVersion: the member is missing"),
        (#"[]"#, "expected an object, found an array"),
        (#"{"ociVersion": "1", "process": {"args": ["a"]}}"#, "process.cwd: the member is missing"),
        (
            #"{"ociVersion": "1", "process": {"cwd": "/", "user": {"uid": 1}}}"#,
            "process.user.gid: the member is missing"
        ),
        (
            #"{"ociVersion": "1", "process": {"cwd": "/", "user": {"uid": -1, "gid": 0}}}"#,
            "process.user.uid: -1 is out of range: expected an integer from 0 to 4294967295"
        ),
        (
            #"{"ociVersion": "1", "process": {"cwd": "/", "args": ["a", "b\u0000c"]}}"#,
            "process.args[1]: a NUL character is not allowed here"
        ),
        (
            #"{"ociVersion": "1", "linux": {"resources": {"memory": {"limit": "1g"}}}}"#,
            "linux.resources.memory.limit: expected an integer, found a string"
        ),
        (
            #"{"ociVersion": "1", "linux": {"namespaces": [{"type": "pid"}, {"type": "net"}]}}"#,
            "linux.namespaces[1].type: \"net\" is unknown; expected one of "
                + "pid, network, mount, ipc, uts, user, cgroup, time"
        ),
        (
            #"{"ociVersion": "1", "linux": {"sysctl": {"net.core.somaxconn": 1}}}"#,
            "linux.sysctl[\"net.core.somaxconn\"]: expected a string, found an integer"
        ),
        (
            #"{"ociVersion": "1", "linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": []}]}}}"#,
            "linux.seccomp.syscalls[0].action: the member is missing"
        ),
    ])
    func namesTheMemberThatIsWrong(text: String, message: String) {
        let error = #expect(throws: JSONError.self) { try RuntimeSpecification(jsonBytes: Array(text.utf8)) }
        #expect(error?.description == message)
    }

    @Test func nullAndEmptyCountAsMissing() throws {
        let text = #"""
            {"ociVersion": "1.3.0", "hostname": "", "mounts": null, "unknown": {"a": 1}, "annotations": {},
             "linux": {"namespaces": [{"type": "network", "path": ""}], "seccomp": null}}
            """#
        let specification = try RuntimeSpecification(jsonBytes: Array(text.utf8))
        #expect(specification == RuntimeSpecification(linux: .init(namespaces: [.init(type: .network)])))
    }

    @Test func emptyCapabilitiesAreNotNone() throws {
        var specification = RuntimeSpecification(process: .init(args: ["sh"], capabilities: .init()))
        #expect(try RuntimeSpecification(jsonBytes: specification.jsonBytes()).process?.capabilities != nil)
        specification.process?.capabilities = nil
        #expect(try RuntimeSpecification(jsonBytes: specification.jsonBytes()).process?.capabilities == nil)
    }

    @Test func limitsAreExact() throws {
        let text = #"""
            {"ociVersion": "1", "process": {"cwd": "/", "rlimits":
             [{"type": "RLIMIT_NOFILE", "hard": 18446744073709551615, "soft": 9223372036854775809}]}}
            """#
        let rlimit = try RuntimeSpecification(jsonBytes: Array(text.utf8)).process?.rlimits.first
        #expect(rlimit == .init(type: "RLIMIT_NOFILE", hard: .max, soft: 9_223_372_036_854_775_809))
    }

    @Test func stateSurvives() throws {
        let text = #"""
            {"ociVersion": "1.3.0", "id": "x", "status": "running", "pid": 7, "bundle": "/b", "annotations": {"a": "b"}}
            """#
        let json = try JSONValue(parsing: text)
        #expect(try RuntimeState(json: json).json == json)
    }
}
