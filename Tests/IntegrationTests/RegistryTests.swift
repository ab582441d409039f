import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// Pull and push with Debian's docker-registry; skopeo is the other client.
    @Suite(.enabled(if: TestRegistry.isInstalled, "needs docker-registry, skopeo and openssl"))
    struct Registries {
        @Test func aPulledImageIsThatOfTheRegistryAndRuns() throws {
            try TestEngine.with(image: nil) { engine in
                let registry = try TestRegistry(for: engine)
                defer { registry.stop() }
                try registry.put("busybox-docker.tar", as: "test/busybox:1", "--dest-compress-format", "gzip")
                let name = "\(registry.name)/test/busybox:1"
                let pulled = try engine.asking("pull", name)
                #expect(pulled.status == 0, "\(pulled)")
                let digest = try registry.digest(of: "test/busybox:1")
                #expect(pulled.lines.first == "1: Pulling from test/busybox", "\(pulled)")
                #expect(pulled.lines.contains { $0.hasSuffix(": Pull complete") }, "\(pulled)")
                #expect(
                    Array(pulled.lines.suffix(3)) == [
                        "Digest: \(digest)", "Status: Downloaded newer image for \(name)", Substring(name),
                    ], "\(pulled)")
                try #expect(engine("run", "--rm", "--network", "none", name, "echo", "here").line == "here")

                let again = try engine.asking("pull", name)
                #expect(again.lines.contains { $0.hasSuffix(": Already exists") }, "\(again)")
                #expect(again.lines.contains("Status: Image is up to date for \(name)"), "\(again)")
                try #expect(engine.asking("pull", "-q", name).output == name + "\n")
                let pinned = "\(registry.name)/test/busybox@\(digest)"
                try #expect(engine.asking("pull", "-q", pinned).output == pinned + "\n")
                try #expect(engine("run", "--rm", "--network", "none", pinned, "echo", "here").line == "here")

                try registry.put("busybox-docker.tar", as: "test/busybox:2")
                let all = try engine.asking("pull", "-a", "\(registry.name)/test/busybox")
                #expect(all.status == 0 && all.lines.contains("2: Pulling from test/busybox"), "\(all)")
                let tags = try engine.asking("search-tags", "\(registry.name)/test/busybox")
                #expect(tags.lines.sorted() == ["1", "2"], "\(tags)")
                let manifest = try engine.asking("manifest", "inspect", name)
                let json = try JSONValue(parsing: Array(manifest.output.utf8))
                #expect(json["schemaVersion"]?.integerValue == 2 && json["layers"]?.arrayValue?.isEmpty == false)
                let none = try engine.asking("pull", "\(registry.name)/test/none:1")
                #expect(none.status == 1 && none.error.contains("does not have test/none:1"), "\(none)")
                #expect(none.error.split(separator: "\n").count == 1, "\(none)")
            }
        }

        @Test func runPullsWhatIsMissingAsItsPolicySays() throws {
            try TestEngine.with(image: nil) { engine in
                let registry = try TestRegistry(for: engine)
                defer { registry.stop() }
                try registry.put("busybox-docker.tar", as: "busybox:1")
                let name = "\(registry.name)/busybox:1"
                let never = try engine.asking("run", "--rm", "--network", "none", "--pull", "never", name, "true")
                #expect(never.status == 125 && never.error.contains("no such image"), "\(never)")
                let run = try engine.asking("run", "--rm", "--network", "none", name, "echo", "here")
                #expect(run.status == 0 && run.output == "here\n", "\(run)")
                #expect(
                    run.error.hasPrefix("Unable to find image '\(name)' locally\n1: Pulling from busybox"), "\(run)")
                #expect(run.error.contains("Status: Downloaded newer image for \(name)"), "\(run)")
                let always = try engine.asking("run", "--rm", "--network", "none", "--pull", "always", name, "true")
                #expect(always.status == 0 && always.error.contains("Image is up to date"), "\(always)")
                registry.stop()
                // What is there needs no registry.
                try #expect(engine.asking("run", "--rm", "--network", "none", name, "echo", "here").line == "here")
                let made = try engine.asking("create", "--network", "none", "\(registry.name)/other", "true")
                #expect(made.status == 125 && made.output.isEmpty, "\(made)")
                #expect(made.error.contains("cannot reach registry \(registry.name): Connection refused"), "\(made)")
            }
        }

        /// Between looking its name up and holding its layers; the name is what can be pulled, not the id that was found.
        @Test(.enabled(if: access("/usr/bin/strace", X_OK) == 0))
        func whatIsRemovedWhileAContainerIsMadeOfItIsPulledByItsName() throws {
            try TestEngine.with(image: nil) { engine in
                let registry = try TestRegistry(for: engine)
                defer { registry.stop() }
                try registry.put("busybox-docker.tar", as: "busybox:1")
                let name = "\(registry.name)/busybox:1"
                try #expect(engine.asking("pull", "-q", name).status == 0)
                let id = try engine("images", "-q", "--no-trunc").line
                let blob = "\(engine.root)/blobs/sha256/\(id.dropFirst(7))"
                // The first lock of the image's configuration is the hold.
                let slowly =
                    ["strace", "-o", "/dev/null", "-P", blob, "-e", "trace=flock"]
                    + ["-e", "inject=flock:delay_enter=2s:when=1"]
                let run = try Command(
                    engine.host.entrance + slowly
                        + engine.command(["run", "--rm", "--network", "none", name, "echo", "here"]))
                usleep(500_000)
                try engine("rmi", name)
                let result = run.finish()
                #expect(result.status == 0 && result.output == "here\n", "\(result)")
                #expect(result.error.hasPrefix("Unable to find image '\(name)' locally\n"), "\(result)")
            }
        }

        @Test func aPushedImageIsOursAndIsSentOnce() throws {
            try TestEngine.with { engine in
                let registry = try TestRegistry(for: engine)
                defer { registry.stop() }
                let name = "\(registry.name)/mine/box:1"
                try engine("tag", "busybox", name)
                let pushed = try engine.asking("push", name)
                #expect(pushed.status == 0, "\(pushed)")
                #expect(pushed.lines.first == "The push refers to repository [\(registry.name)/mine/box]", "\(pushed)")
                #expect(pushed.lines.contains { $0.hasSuffix(": Pushed") }, "\(pushed)")
                let digest = try registry.digest(of: "mine/box:1")
                #expect(pushed.lines.last?.hasPrefix("1: digest: \(digest) size: ") == true, "\(pushed)")
                let again = try engine.asking("push", name)
                #expect(again.lines.contains { $0.hasSuffix(": Layer already exists") }, "\(again)")
                let other = "\(registry.name)/other/box:2"
                try engine("tag", "busybox", other)
                let mounted = try engine.asking("push", other)
                #expect(mounted.lines.contains { $0.hasSuffix(": Mounted from mine/box") }, "\(mounted)")

                let archive = "\(engine.folder)/copy.tar"
                try registry.skopeo(
                    "copy", "-q", "--src-tls-verify=false", "docker://\(other)", "docker-archive:\(archive):copy:1")
                try TestEngine.with(image: nil) { clean in
                    try #expect(clean("load", "-q", "-i", archive).status == 0)
                    let id = try engine("images", "-q", "--no-trunc", name).line
                    try #expect(clean("images", "-q", "--no-trunc", "copy:1").line == id)
                }
                try engine("rmi", name, other)
                let pulled = try engine.asking("pull", other)
                #expect(pulled.lines.contains("Digest: \(digest)"), "\(pulled)")
                let none = try engine.asking("push", "\(registry.name)/none:1")
                #expect(none.status == 1 && none.error.contains("no such image"), "\(none)")
            }
        }

        @Test func aRegistryWithUsersWantsALogin() throws {
            try TestEngine.with { engine in
                let registry = try TestRegistry(for: engine, hasUsers: true)
                defer { registry.stop() }
                let name = "\(registry.name)/busybox:1"
                try engine("tag", "busybox", name)
                let refused = try engine.asking("push", name)
                #expect(refused.status == 1, "\(refused)")
                #expect(refused.error.contains("log in with 'nestbox login \(registry.name)'"), "\(refused)")
                let wrong = try engine.asking("login", "-u", "user", "-p", "wrong", registry.name)
                #expect(wrong.status == 1 && wrong.error.contains("the password is not accepted"), "\(wrong)")
                #expect(!wrong.error.contains("wrong\""), "\(wrong)")
                let file = "\(engine.folder)/docker/config.json"
                #expect(access(file, F_OK) != 0)
                let login = try engine.asking(
                    "login", "-u", "user", "--password-stdin", registry.name, input: "secret\n")
                #expect(login.status == 0 && login.output == "Login Succeeded\n", "\(login)")
                var status = stat()
                #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
                try #expect(engine.asking("push", name).status == 0)
                try engine("rmi", name)
                try #expect(engine.asking("pull", "-q", name).line == name)
                // skopeo reads the same file.
                let seen = try engine.host.run([
                    "skopeo", "inspect", "--tls-verify=false", "--authfile", file, "docker://\(name)",
                ])
                #expect(seen.status == 0, "\(seen)")
                let logout = try engine.asking("logout", registry.name)
                #expect(logout.output == "Removing login credentials for \(registry.name)\n", "\(logout)")
                try #expect(engine.asking("pull", name).status == 1)
            }
        }

        @Test func aCredentialHelperKeepsThePassword() throws {
            try TestEngine.with { engine in
                let registry = try TestRegistry(for: engine, hasUsers: true)
                defer { registry.stop() }
                let helper = "\(engine.folder)/docker-credential-test"
                try TestRegistry.write(
                    """
                    #!/bin/sh
                    case $1 in
                    store) cat > \(engine.folder)/kept ;;
                    get) [ "$(cat)" = \(registry.name) ] && cat \(engine.folder)/kept 2>/dev/null ||
                        { echo "credentials not found in native keychain"; exit 1; } ;;
                    erase) rm -f \(engine.folder)/kept ;;
                    esac

                    """, to: helper)
                chmod(helper, 0o755)
                mkdir("\(engine.folder)/docker", 0o700)
                let file = "\(engine.folder)/docker/config.json"
                try TestRegistry.write("{\"credsStore\": \"test\", \"other\": 5}", to: file)
                let path = ["PATH": "\(engine.folder):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
                let name = "\(registry.name)/busybox:1"
                try engine("tag", "busybox", name)
                try #expect(engine.asking("push", name, environment: path).error.contains("are needed"))
                let login = try engine.asking(
                    "login", "-u", "user", "--password-stdin", registry.name, input: "secret", environment: path)
                #expect(login.status == 0 && login.error.isEmpty, "\(login)")
                let kept = try TestEngine.read(file)
                #expect(!kept.contains(Base64.encode(Array("user:secret".utf8))) && kept.contains("other"), "\(kept)")
                try #expect(engine.asking("push", name, environment: path).status == 0)
                let missing = try engine.asking("push", name)
                #expect(missing.error.contains("docker-credential-test: there is no such program"), "\(missing)")
                try #expect(engine.asking("logout", registry.name, environment: path).status == 0)
                #expect(access("\(engine.folder)/kept", F_OK) != 0)
            }
        }

        @Test func onlyATrustedCertificateIsAccepted() throws {
            let network = try TestNetwork()
            defer { network.close() }
            try TestEngine.with(network: network) { engine in
                let address = TestNetwork.Family.ipv4.host
                let (key, certificate) = ("\(engine.folder)/key.pem", "\(engine.folder)/cert.pem")
                let made = try Command.run([
                    "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:\(address)",
                ])
                try #require(made.status == 0, "\(made)")
                let registry = try TestRegistry(
                    for: engine, address: address,
                    settings: "  tls:\n    certificate: \(certificate)\n    key: \(key)")
                defer { registry.stop() }
                let name = "\(registry.name)/busybox:1"
                try engine("tag", "busybox", name)
                let untrusted = try engine.asking("push", name)
                #expect(untrusted.status == 1, "\(untrusted)")
                #expect(untrusted.error.contains("cannot trust registry \(registry.name)"), "\(untrusted)")
                let trusting = "{\"certificates\": {\"\(registry.name)\": [\"\(certificate)\"]}}"
                let pushed = try engine.asking("push", name, settings: trusting)
                #expect(pushed.status == 0, "\(pushed)")
                try engine("rmi", name)
                try #expect(engine.asking("pull", "-q", name, settings: trusting).line == name)
                try #expect(
                    engine.asking("pull", "-q", name, settings: "{\"insecure\": [\"\(registry.name)\"]}").line == name)

                // Without TLS only where the settings say so.
                let plain = try TestRegistry(for: engine, address: address)
                defer { plain.stop() }
                try plain.put("busybox-docker.tar", as: "busybox:1")
                let refused = try engine.asking("pull", "\(plain.name)/busybox:1")
                #expect(refused.status == 1 && refused.error.contains("does not speak TLS"), "\(refused)")
                let allowed = try engine.asking(
                    "pull", "-q", "\(plain.name)/busybox:1", settings: "{\"insecure\": [\"\(plain.name)\"]}")
                #expect(allowed.status == 0, "\(allowed)")
                let misspelt = try engine.asking("pull", name, settings: "{\"unsafe\": []}")
                #expect(misspelt.status == 1 && misspelt.error.contains("the member is unknown"), "\(misspelt)")
            }
        }

        @Test func aClientsCertificateIsShown() throws {
            let network = try TestNetwork()
            defer { network.close() }
            try TestEngine.with(network: network) { engine in
                let address = TestNetwork.Family.ipv4.host
                let folder = "\(engine.folder)/tls"
                let server = try TestCertificate("server", for: [address], in: folder)
                let client = try TestCertificate("client", in: folder)
                let registry = try TestRegistry(
                    for: engine, address: address,
                    settings: """
                          tls:
                            certificate: \(server.file)
                            key: \(server.key)
                            clientcas: [\(server.authority)]
                        """, hasUsers: true)
                defer { registry.stop() }
                let name = "\(registry.name)/box:1"
                try engine("tag", "busybox", name)
                let place = "\(engine.folder)/etc/certs.d/\(registry.name)"
                for folder in ["\(engine.folder)/etc", "\(engine.folder)/etc/certs.d", place] { mkdir(folder, 0o755) }
                try TestRegistry.write(TestEngine.read(server.authority), to: "\(place)/ca.crt")
                func asking(_ arguments: String..., at place: String = "/etc/docker") throws -> CommandResult {
                    try Command.run(
                        TestEngine.showing("\(engine.folder)/etc", as: place) + engine.command(arguments),
                        environment: engine.registryEnvironment())
                }
                let unknown = try asking("login", "-u", "user", "-p", "secret", registry.name)
                #expect(unknown.status == 1 && unknown.error.contains(registry.name), "\(unknown)")
                try TestRegistry.write(TestEngine.read(client.file), to: "\(place)/client.cert")
                let half = try asking("login", "-u", "user", "-p", "secret", registry.name)
                #expect(half.status == 1 && half.error.contains("client.cert: it and the .key file"), "\(half)")
                try TestRegistry.write(TestEngine.read(client.key), to: "\(place)/client.key")
                for folder in ["/etc/docker", "/etc/containers"] {
                    let login = try asking("login", "-u", "user", "-p", "secret", registry.name, at: folder)
                    #expect(login.status == 0, "\(folder): \(login)")
                }
                let pushed = try asking("push", "-q", name)
                #expect(pushed.status == 0, "\(pushed)")
                try engine("rmi", name)
                try #expect(asking("pull", "-q", name, at: "/etc/containers").line == name)
                // The authority may also stand in the settings.
                #expect(unlink("\(place)/ca.crt") == 0)
                try #expect(asking("pull", "-q", name).error.contains("cannot trust registry"))
                let pulled = try Command.run(
                    TestEngine.showing("\(engine.folder)/etc", as: "/etc/docker")
                        + engine.command(["pull", "-q", name]),
                    environment: engine.registryEnvironment(
                        "{\"certificates\": {\"\(registry.name)\": [\"\(server.authority)\"]}}"))
                #expect(pulled.status == 0, "\(pulled)")
            }
        }
    }
}
