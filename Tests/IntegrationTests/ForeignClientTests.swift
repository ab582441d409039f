import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// The clients of others at `nestboxd`, over TLS with an authority of their owner's, and with a password.
    @Suite(.enabled(if: OwnRegistry.isInstalled, "needs skopeo and curl"))
    struct ForeignClients {
        private static let podmanIsInstalled = ["podman", "buildah"].allSatisfy { (name: String) in
            access("/usr/bin/\(name)", X_OK) == 0
        }

        /// One registry, and what its clients need to know of it.
        private struct Place {
            let engine: TestEngine
            let registry: OwnRegistry
            /// Holds `ca.crt`, as Docker's and Podman's folder of a registry.
            let certificates: String
            /// Holds `certs.d`, as `/etc/docker` and `/etc/containers`.
            let settings: String

            var name: String { registry.name }
            private var passwords: String { "\(engine.folder)/auth.json" }

            /// Runs podman or buildah with a store of the test's own, which has to succeed.
            @discardableResult
            func callAsFunction(
                _ program: String, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
            ) throws -> CommandResult {
                var store = [
                    "--root", "\(engine.folder)/podman", "--runroot", "\(engine.folder)/podman-run", "--storage-driver",
                    "vfs",
                ]
                if program == "podman" { store += ["--tmpdir", "\(engine.folder)/podman-tmp"] }
                let result = try Command.run(
                    engine.host.entrance + [program] + store + arguments,
                    environment: ["REGISTRY_AUTH_FILE": passwords])
                #expect(result.status == 0, "\(program) \(arguments): \(result)", sourceLocation: sourceLocation)
                return result
            }

            /// Runs `nestbox` where it finds the certificates as Docker and Podman do.
            func nestbox(_ arguments: String..., at place: String = "/etc/docker", input: String? = nil) throws
                -> CommandResult
            {
                try Command.run(
                    TestEngine.showing(settings, as: place) + engine.command(arguments),
                    environment: engine.registryEnvironment(), input: input)
            }

            /// The digest of what the registry has under a name, as skopeo got and checked it, with all of its parts.
            func fetched(_ image: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
                let target = "\(engine.folder)/fetched-\(image.map { $0.isLetter ? String($0) : "-" }.joined())"
                let result = try engine.host.run([
                    "skopeo", "copy", "-q", "--src-cert-dir", certificates, "--src-creds", "ann:secret",
                    "docker://\(name)/\(image)", "dir:\(target)",
                ])
                #expect(result.status == 0, "\(result)", sourceLocation: sourceLocation)
                return try OwnRegistry.digest(TestEngine.bytes("\(target)/manifest.json"))
            }
        }

        private func with(_ body: (Place) throws -> Void) throws {
            let network = try TestNetwork()
            defer { network.close() }
            try TestEngine.with(image: "busybox-docker.tar", network: network) { engine in
                // Not on the loopback, where clients would look away.
                let address = TestNetwork.Family.ipv4.host
                let certificate = try TestCertificate("server", for: [address], in: "\(engine.folder)/tls")
                try TestRegistry.write("ann:\(TestRegistry.passwords.dropFirst(5))", to: "\(engine.folder)/passwords")
                let registry = try OwnRegistry(
                    for: engine, at: address,
                    settings: """
                        {"passwords": "\(engine.folder)/passwords",
                         "repositories": [{"name": "public/*", "visibility": "public"}]}
                        """, certificate: certificate)
                defer { registry.stop() }
                let settings = "\(engine.folder)/settings"
                let folder = "\(settings)/certs.d/\(registry.name)"
                for folder in [settings, "\(settings)/certs.d", folder] { mkdir(folder, 0o755) }
                try TestRegistry.write(TestEngine.read(certificate.authority), to: "\(folder)/ca.crt")
                try body(Place(engine: engine, registry: registry, certificates: folder, settings: settings))
            }
        }

        @Test(.enabled(if: TestDocker.isInstalled && podmanIsInstalled, "needs docker, podman and buildah"))
        func whatOnePushesTheOthersPull() throws {
            try with { place in
                let docker = try TestDocker(for: place.engine, settings: place.settings)
                defer { docker.stop() }
                defer { try? FileTree.remove("\(place.engine.folder)/podman") }
                let certificates = "--cert-dir=\(place.certificates)"

                // Docker's, for podman.
                try docker("load", "-q", "-i", TestEngine.fixture("busybox-docker.tar"))
                let fromDocker = "\(place.name)/team/box:docker"
                try docker("tag", "busybox", fromDocker)
                let refused = try docker.run("push", fromDocker)
                #expect(refused.status == 1 && refused.error.contains("unauthorized"), "\(refused)")
                try docker("login", "-u", "ann", "--password-stdin", place.name, input: "secret")
                let kept = try TestEngine.read("\(place.engine.folder)/docker/config.json")
                #expect(kept.contains("identitytoken") && !kept.contains(Base64.encode(Array("ann:secret".utf8))))
                let pushed = try docker("push", fromDocker)
                let digest = try place.fetched("team/box:docker")
                #expect(pushed.output.contains("digest: \(digest) "), "\(pushed)")
                try place("podman", "login", certificates, "-u", "ann", "-p", "secret", place.name)
                try place("podman", "pull", "-q", certificates, fromDocker)
                try #expect(place("podman", "image", "inspect", "--format", "{{.Digest}}", fromDocker).line == digest)

                // podman's, for Docker.
                let fromPodman = "\(place.name)/team/box:podman"
                try place("podman", "tag", fromDocker, fromPodman)
                try place("podman", "push", "-q", "--format=oci", certificates, fromPodman)
                let pulled = try docker("pull", fromPodman)
                try #expect(pulled.output.contains("Digest: \(place.fetched("team/box:podman"))"), "\(pulled)")

                // buildah's, for Docker and for us.
                let context = "\(place.engine.folder)/context"
                mkdir(context, 0o755)
                try TestRegistry.write(
                    """
                    FROM \(fromDocker)
                    RUN echo made by buildah > /etc/made && chown 5:6 /etc/made && chmod 4750 /etc/made
                    CMD ["sh", "-c", "cat /etc/made; stat -c '%u:%g %a' /etc/made"]

                    """, to: "\(context)/Containerfile")
                let built = "\(place.name)/team/app:1"
                try place("buildah", "build", "-q", "--isolation", "chroot", certificates, "-t", built, context)
                try place("buildah", "push", "-q", certificates, built)
                let app = try docker("pull", built)
                try #expect(app.output.contains("Digest: \(place.fetched("team/app:1"))"), "\(app)")
                let login = try place.nestbox("login", "-u", "ann", "--password-stdin", place.name, input: "secret")
                #expect(login.status == 0, "\(login)")
                let ours = try place.nestbox("pull", built)
                try #expect(ours.output.contains("Digest: \(place.fetched("team/app:1"))"), "\(ours)")
                let run = try place.engine("run", "--rm", "--network", "none", built)
                #expect(run.status == 0 && run.output == "made by buildah\n5:6 4750\n", "\(run)")

                // Ours, for Docker and podman.
                let fromUs = "\(place.name)/public/box:nestbox"
                try place.engine("tag", "busybox", fromUs)
                let sent = try place.nestbox("push", fromUs, at: "/etc/containers")
                let last = try place.fetched("public/box:nestbox")
                #expect(sent.output.contains("digest: \(last) "), "\(sent)")
                try docker("logout", place.name)
                try place("podman", "logout", place.name)
                let public_ = try docker("pull", fromUs)
                #expect(public_.output.contains("Digest: \(last)"), "\(public_)")
                try place("podman", "pull", "-q", certificates, fromUs)
                let private_ = try docker.run("pull", built)
                #expect(private_.status == 1 && private_.error.contains("unauthorized"), "\(private_)")
            }
        }

        @Test func oursKnowsTheFoldersOfCertificates() throws {
            try with { place in
                let name = "\(place.name)/public/box:1"
                try place.engine("tag", "busybox", name)
                let untrusted = try place.engine.asking("login", "-u", "ann", "-p", "secret", place.name)
                #expect(untrusted.status == 1 && untrusted.error.contains("cannot trust registry"), "\(untrusted)")
                for folder in ["/etc/docker", "/etc/containers"] {
                    let login = try place.nestbox("login", "-u", "ann", "-p", "secret", place.name, at: folder)
                    #expect(login.status == 0, "\(folder): \(login)")
                }
                try #expect(place.nestbox("push", "-q", name).line == name)
                // What is public needs no password, also of a client that asks for a token first.
                try place.engine.asking("logout", place.name)
                try place.engine("rmi", name)
                try #expect(place.nestbox("pull", "-q", name).line == name)
                let pushed = try place.nestbox("push", name)
                #expect(pushed.status == 1 && pushed.error.contains("it is not for everybody; log in"), "\(pushed)")
            }
        }
    }
}
