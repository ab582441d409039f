import Glibc
import LinuxSystem
import Testing

/// The name server that Nestbox starts.
private let hasNameServer = ["/usr/sbin/dnsmasq", "/usr/bin/dnsmasq"].contains { (path: String) in
    access(path, X_OK) == 0
}

extension IntegrationTests {
    /// Names of containers, and what stands in their /etc.
    @Suite struct NetworkNames {
        private func lookUp(_ name: String, from container: TestContainer) throws -> Set<String> {
            let server = try container.shell("sed -n 's/^nameserver //p' /etc/resolv.conf").lines.first.map(String.init)
            let result = try container.shell("nslookup \(name) \(try #require(server)) 2>&1")
            // The first address is the server's own.
            return Set(
                result.lines.drop { !$0.hasPrefix("Name:") }.filter { $0.hasPrefix("Address") }
                    .compactMap { $0.split(separator: " ").last.map(String.init) })
        }

        @Test(.enabled(if: hasNameServer)) func containersFindEachOther() throws {
            try TestEngine.withNetwork { engine, _ in
                try engine.makeNetwork("app", "--ipv6")
                let database = try engine.container("db", "--network", "app", "--network-alias", "database")
                let web = try engine.container("web", "--network", "app")
                let addresses = try Set([database.address(in: "app"), database.address(.ipv6, in: "app")])
                let id = try engine.inspect("db", "{{.Id}}").prefix(12)
                for name in ["db", "database", String(id)] {
                    #expect(
                        try TestEngine.eventually { try lookUp(name, from: web) == addresses }, "\(name)")
                }
                // Other networks do not, and a container that has ended is forgotten.
                try engine.makeNetwork("other")
                let stranger = try engine.container("stranger", "--network", "other")
                try #expect(lookUp("db", from: stranger).isEmpty)
                try #expect(engine("network", "connect", "--alias", "late", "app", "stranger").status == 0)
                #expect(try TestEngine.eventually { try !lookUp("late", from: web).isEmpty })
                try engine("stop", "-t", "0", "db")
                #expect(try TestEngine.eventually { try lookUp("db", from: web).isEmpty })
                try #expect(engine("network", "disconnect", "app", "stranger").status == 0)
                #expect(try TestEngine.eventually { try lookUp("late", from: web).isEmpty })
            }
        }

        /// The host's servers may be on its loopback; an internal network asks none (CVE-2024-29018).
        @Test(.enabled(if: hasNameServer)) func theOutsideIsAskedByTheHost() throws {
            try TestEngine.withNetwork { engine, network in
                let process = try Command(
                    network.host.entrance + [
                        "dnsmasq", "--no-daemon", "--conf-file=", "--no-hosts", "--no-resolv", "--port=53",
                        "--listen-address=127.0.0.1", "--bind-interfaces", "--address=/outside.example/192.0.2.7",
                        "--user=root",
                    ])
                defer {
                    process.signal(SIGKILL)
                    _ = process.finish()
                }
                // Whoever starts the name server sees another /etc/resolv.conf than the machine.
                let file = "\(engine.folder)/resolv.conf"
                try FileDescriptor.open(file, O_WRONLY | O_CREAT, mode: 0o644).writeAll(
                    Array("nameserver 127.0.0.1\n".utf8))
                let script = "mount --bind \(file) /etc/resolv.conf && exec \"$@\""
                let started = try Command.run(
                    ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
                        + engine.command(["run", "-d", "--name", "open", "busybox", "sleep", "100000"]))
                try #require(started.status == 0, "\(started)")
                let open = TestContainer(engine: engine, name: "open")
                #expect(try TestEngine.eventually { try lookUp("outside.example", from: open) == ["192.0.2.7"] })
                try engine.makeNetwork("closed", "--internal")
                let closed = try engine.container("closed", "--network", "closed")
                try #expect(lookUp("outside.example", from: closed).isEmpty)
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
