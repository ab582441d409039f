import OCISpec
import Testing

@Test func readsAMinimalConfiguration() throws {
    let text = #"""
        {"ociVersion":"1.3.0","process":{"cwd":"/","args":["sh"],"user":{"uid":1,"gid":2},
        "rlimits":[{"type":"RLIMIT_CORE","hard":18446744073709551615,"soft":0}]},
        "linux":{"namespaces":[{"type":"pid"}],"resources":{"memory":{"limit":1048576}}}}
        """#
    let value = try RuntimeSpecification(jsonBytes: Array(text.utf8))
    #expect(value.process?.rlimits.first?.hard == .max)
    #expect(value.linux?.namespaces == [.init(type: .pid)])
    #expect(try RuntimeSpecification(jsonBytes: value.jsonBytes()) == value)
    #expect(throws: JSONError.self) { try RuntimeSpecification(jsonBytes: Array("{}".utf8)) }
}
