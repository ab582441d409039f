import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// `nestboxd` over TLS.
    @Suite(.enabled(if: OwnRegistry.isInstalled, "needs skopeo and curl"))
    struct OwnRegistryTLS {
        /// The name in the certificate that a new connection gets.
        private func subject(_ engine: TestEngine, _ registry: OwnRegistry) throws -> String {
            let shown = try engine.host.run([
                "curl", "-sv", "--cacert", "\(engine.folder)/tls/ca.crt", "-o", "/dev/null",
                "https://\(registry.name)/v2/",
            ])
            let line = shown.error.split(separator: "\n").first { $0.contains("subject: ") }
            return line.flatMap { $0.split(separator: "=").last }.map(String.init) ?? "none: \(shown)"
        }

        @Test func aNewCertificateCountsForNewConnections() throws {
            try TestEngine.with(image: nil) { engine in
                let folder = "\(engine.folder)/tls"
                let served = try TestCertificate("first", in: folder)
                let next = try TestCertificate("second", in: folder)
                chmod(served.key, 0o644)
                let registry = try OwnRegistry(for: engine, certificate: served)
                defer { registry.stop() }
                let ping = try registry.call("GET", "/v2/")
                #expect(ping.status == 200 && ping.text == "{}", "\(ping)")
                try #expect(subject(engine, registry) == "first")
                let plain = try engine.host.run(["curl", "-s", "http://\(registry.name)/v2/"])
                #expect(plain.status != 0 && plain.output.isEmpty, "\(plain)")
                // As a renewal does it, one file after the other: with half of it the old one goes on.
                #expect(rename(next.file, served.file) == 0)
                try #expect(subject(engine, registry) == "first")
                #expect(rename(next.key, served.key) == 0)
                try #expect(subject(engine, registry) == "second")
                try TestRegistry.write("no certificate", to: served.file)
                try #expect(subject(engine, registry) == "second")
                let ended = try #require(registry.stop(SIGTERM))
                for word in [
                    "everybody on this machine may read the key \(served.key)",
                    "the certificate stays as it was: cannot use \(served.key): it is not the key of the first certificate",
                    "new connections get the certificate that is in \(served.file) now",
                    "the certificate stays as it was: cannot use \(served.file): it holds no certificate",
                ] {
                    #expect(ended.error.contains(word), "\(ended)")
                }
                #expect(ended.status == 0 && ended.error.split(separator: "\n").count == 4, "\(ended)")
            }
        }

        @Test func whatItCannotSpeakTLSWithIsSaid() throws {
            try TestEngine.with(image: nil) { engine in
                let folder = "\(engine.folder)/tls"
                let (one, two) = (try TestCertificate("one", in: folder), try TestCertificate("two", in: folder))
                for (arguments, word) in [
                    (["--tls-cert", one.file], "--tls-key is missing"),
                    (["--tls-key", one.key], "--tls-cert is missing"),
                    (["--tls-cert", one.file, "--tls-key", two.key], "not the key of the first certificate"),
                    (["--tls-cert", one.key, "--tls-key", one.key], "holds no certificate"),
                    (["--tls-cert", one.file, "--tls-key", one.file], "holds no private key"),
                    (["--tls-cert", one.file, "--tls-key", "\(folder)/none"], "No such file"),
                ] {
                    let result = try Command.run(
                        OwnRegistry.command(for: engine, ["--listen", "127.0.0.1:0"] + arguments))
                    #expect(result.status == 1 && result.error.contains(word), "\(arguments): \(result)")
                    #expect(result.output.isEmpty, "\(result)")
                }
            }
        }

        @Test func passwordsGoThroughTheNetworkOnlyWhereThatIsSaid() throws {
            let network = try TestNetwork()
            defer { network.close() }
            try TestEngine.with(image: nil, network: network) { engine in
                let passwords = "\(engine.folder)/passwords"
                try TestRegistry.write(TestRegistry.passwords, to: passwords)
                let settings = "\(engine.folder)/settings.json"
                try TestRegistry.write("{\"passwords\": \"\(passwords)\"}", to: settings)
                for address in [TestNetwork.Family.ipv4.host, "[\(TestNetwork.Family.ipv6.host)]", "0.0.0.0"] {
                    let refused = try Command.run(
                        OwnRegistry.command(for: engine, ["--listen", "\(address):0", "--config", settings]))
                    #expect(refused.status == 1 && refused.error.contains("could read the passwords"), "\(refused)")
                }
                let address = TestNetwork.Family.ipv4.host
                let plain = try OwnRegistry(
                    for: engine, at: address,
                    settings: """
                        {"passwords": "\(passwords)", "allowPlainPasswords": true, "address": "https://registry.lan/own"}
                        """)
                defer { plain.stop() }
                try #expect(plain.call("GET", "/v2/", user: "user:secret").status == 200)
                let challenge = try plain.call("GET", "/v2/").headers["www-authenticate"] ?? ""
                #expect(challenge.hasPrefix("Bearer realm=\"https://registry.lan/own/v2/token\","), "\(challenge)")
                let certificate = try TestCertificate("server", for: [address], in: "\(engine.folder)/tls")
                let secured = try OwnRegistry(
                    for: engine, at: address, settings: "{\"passwords\": \"\(passwords)\"}", certificate: certificate)
                defer { secured.stop() }
                let ping = try secured.call("GET", "/v2/")
                let realm = "Bearer realm=\"https://\(secured.name)/v2/token\","
                #expect(ping.status == 401 && ping.headers["www-authenticate"]?.hasPrefix(realm) == true, "\(ping)")
            }
        }
    }
}
