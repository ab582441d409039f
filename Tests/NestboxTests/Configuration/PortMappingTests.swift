import ContainerNetwork
import LinuxNetwork
import Nestbox
import Testing

@Suite("Port mappings") struct PortMappingTests {
    private func text(_ given: String) throws -> String {
        try PortMapping.parse(given, option: "--publish").map { mapping in
            let address = mapping.hostAddress.map { "\($0) " } ?? ""
            let host = mapping.hostPorts.map { "\($0.lowerBound)-\($0.upperBound)" } ?? "any"
            return "\(address)\(host) \(mapping.containerPort)/\(mapping.transport.rawValue)"
        }.joined(separator: ", ")
    }

    @Test(
        "Docker's forms",
        arguments: [
            ("80", "any 80/tcp"), ("0:80", "any 80/tcp"), ("8080:80", "8080-8080 80/tcp"),
            ("127.0.0.1:8080:80", "127.0.0.1 8080-8080 80/tcp"), ("127.0.0.1::80", "127.0.0.1 any 80/tcp"),
            ("0.0.0.0:8080:80", "0.0.0.0 8080-8080 80/tcp"), ("[::]:8080:80/udp", ":: 8080-8080 80/udp"),
            ("53:53/UDP", "53-53 53/udp"), ("9000:9000/sctp", "9000-9000 9000/sctp"),
            ("8080-8081:80-81", "8080-8080 80/tcp, 8081-8081 81/tcp"), ("8080-8090:80", "8080-8090 80/tcp"),
            ("80-81", "any 80/tcp, any 81/tcp"),
        ])
    func forms(given: String, expected: String) throws {
        #expect(try text(given) == expected)
    }

    @Test(
        "what is no mapping",
        arguments: [
            "", "x", "80:x", "0", "80:0", "65536", "1:2:3", "1.2.3.4:80:80:80", "[::1]80:80", "[1.2.3.4]:80:80",
            "80/", "[::1]:80:80", "80/tcp/udp", "-80", "80-", "82-80", "8080-8081:80-83", "+80", " 80",
        ])
    func refused(given: String) {
        #expect(throws: ConfigurationError.self) { try PortMapping.parse(given, option: "--publish") }
    }
}
