import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Names of containers, and what stands in their /etc.
    @Suite struct NetworkNames {
        @Test(.enabled(if: TestNameServer.isInstalled)) func containersFindEachOther() throws {
            try TestEngine.withNetwork { engine, _ in
                try engine.makeNetwork("app", "--ipv6")
                let database = try engine.container("db", "--network", "app", "--network-alias", "database")
                let web = try engine.container("web", "--network", "app")
                let addresses = try Set([database.address(in: "app"), database.address(.ipv6, in: "app")])
                let id = try engine.inspect("db", "{{.Id}}").prefix(12)
                for name in ["db", "database", String(id)] {
                    #expect(
                        try TestEngine.eventually { try web.lookUp(name) == addresses }, "\(name)")
                }
                // Other networks do not, and a container that has ended is forgotten.
                try engine.makeNetwork("other")
                let stranger = try engine.container("stranger", "--network", "other")
                try #expect(stranger.lookUp("db").isEmpty)
                try #expect(engine("network", "connect", "--alias", "late", "app", "stranger").status == 0)
                #expect(try TestEngine.eventually { try !web.lookUp("late").isEmpty })
                try engine("stop", "-t", "0", "db")
                #expect(try TestEngine.eventually { try web.lookUp("db").isEmpty })
                try #expect(engine("network", "disconnect", "app", "stranger").status == 0)
                #expect(try TestEngine.eventually { try web.lookUp("late").isEmpty })
            }
        }

        /// The host's servers may be on its loopback; an internal network asks none (CVE-2024-29018).
        @Test(.enabled(if: TestNameServer.isInstalled)) func theOutsideIsAskedByTheHost() throws {
            try TestEngine.withNetwork { engine, network in
                let server = try TestNameServer(in: network.host, at: "127.0.0.1", ["outside.example": "192.0.2.7"])
                defer { server.stop() }
                let started = try Command.run(
                    TestNameServer.asked(at: "127.0.0.1", by: engine)
                        + engine.command(["run", "-d", "--name", "open", "busybox", "sleep", "100000"]))
                try #require(started.status == 0, "\(started)")
                let open = TestContainer(engine: engine, name: "open")
                #expect(try TestEngine.eventually { try open.lookUp("outside.example") == ["192.0.2.7"] })
                try engine.makeNetwork("closed", "--internal")
                let closed = try engine.container("closed", "--network", "closed")
                try #expect(closed.lookUp("outside.example").isEmpty)
            }
        }

        @Test func filesSayWhatWasAskedFor() throws {
            try TestEngine.withNetwork { engine, _ in
                let other = try engine.container("other")
                let box = try engine.container(
                    "box", "--dns", "192.0.2.1", "--dns", "2001:db8::53", "--dns-search", "a.example", "--dns-option",
                    "ndots:2", "--add-host", "db:192.0.2.9", "--add-host", "up:host-gateway", "--link", "other:friend",
                    "-h", "me")
                try #expect(
                    box.shell("cat /etc/resolv.conf").output
                        == "nameserver 192.0.2.1\nnameserver 2001:db8::53\nsearch a.example\noptions ndots:2\n")
                let hosts = try box.shell("cat /etc/hosts").lines.map { $0.split(separator: "\t").map(String.init) }
                try #expect(hosts.contains(["192.0.2.9", "db"]) && hosts.contains([box.gateway(), "up"]), "\(hosts)")
                try #expect(hosts.contains([box.address(), "me"]), "\(hosts)")
                let linked = try hosts.first { $0.first == (try other.address()) }?.last ?? ""
                #expect(Set(linked.split(separator: " ")).isSuperset(of: ["friend", "other"]), "\(hosts)")
                try #expect(box.shell("cat /etc/hostname").output == "me\n")
            }
        }

        @Test func aPortThatTheHostHasIsToldOfBeforeTheStart() throws {
            try TestEngine.withNetwork { engine, network in
                let server = try TestServer(.tcp, "0.0.0.0", 8080, in: network.host)
                try engine.expectRefusal(
                    "run", "--rm", "--network", "host", "-p", "8080", "busybox", "true", status: 125, saying: ["8080"])
                withExtendedLifetime(server) {}
                let other = try engine("run", "--rm", "--network", "host", "-p", "8081:8081", "busybox", "true")
                #expect(other.status == 0 && other.error.isEmpty, "\(other)")
                let mapped = try engine("run", "--rm", "--network", "host", "-p", "8080:80", "busybox", "true")
                #expect(mapped.status == 0 && mapped.error.contains("not mapped"), "\(mapped)")
            }
        }
    }
}
