import TestContainers
import Testing

@Suite struct TraitTests {
    @Test(.container("busybox", command: ["sh", "-c", "echo up; exec sleep 1000"], ready: .line(containing: "up")))
    func aTestHasAContainer() async throws {
        let container = try TestContainer.current
        #expect(container.lines == ["up"])
        #expect(try await container.run("hostname").output.count == 13)
    }

    @Test(
        .container(
            "busybox",
            command: ["sh", "-c", "mkdir /w; echo hello > /w/index.html; sleep 0.2; exec httpd -f -p 80 -h /w"],
            ports: [80], ready: .port(80)))
    func aServerAnswersAsSoonAsTheTestBegins() async throws {
        let endpoint = try await TestContainer.current.endpoint(port: 80)
        #expect(try get(endpoint).contains("hello"))
    }

    @Test func aTestWithoutTheTraitIsToldSo() {
        #expect(throws: (any Error).self) { try TestContainer.current }
    }
}
