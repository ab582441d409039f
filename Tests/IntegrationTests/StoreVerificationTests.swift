import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `verify`, and what it repairs from Debian's docker-registry.
    @Suite(.enabled(if: TestRegistry.isInstalled, "needs docker-registry, skopeo and openssl"))
    struct StoreVerification {
        private func with(_ body: (TestEngine, TestRegistry, String) throws -> Void) throws {
            try TestEngine.with(image: nil) { engine in
                let registry = try TestRegistry(for: engine)
                defer { registry.stop() }
                try registry.put("busybox-docker.tar", as: "test/busybox:1", "--dest-compress-format", "gzip")
                let name = "\(registry.name)/test/busybox:1"
                let pulled = try engine.asking("pull", "-q", name)
                try #require(pulled.status == 0, "\(pulled)")
                try body(engine, registry, name)
            }
        }

        private func blobs(_ engine: TestEngine) -> [String] {
            TestEngine.names(in: "\(engine.root)/blobs/sha256").sorted()
        }

        private func report(_ engine: TestEngine, _ flags: String...) throws -> (CommandResult, JSONValue) {
            let result = try engine.run(["verify", "--format", "json"] + flags)
            return (result, try JSONValue(parsing: Array(result.output.utf8)))
        }

        @Test func whatIsDamagedIsFetchedFromWhereItCameFrom() throws {
            try with { engine, _, name in
                let (whole, json) = try report(engine)
                #expect(whole.status == 0 && json["Whole"] == .bool(true), "\(whole)")
                #expect(json["Blobs"]?.integerValue == 3 && json["Layers"]?.integerValue == 1, "\(whole)")
                // A manifest, a configuration and a layer: one is cut off, one is gone, one has another bit.
                let before = try blobs(engine).map { try TestEngine.bytes("\(engine.root)/blobs/sha256/\($0)") }
                let files = blobs(engine).map { "\(engine.root)/blobs/sha256/\($0)" }
                #expect(truncate(files[0], 10) == 0 && unlink(files[1]) == 0)
                let last = try FileDescriptor.open(files[2], O_WRONLY)
                #expect(pwrite(last.rawValue, "xyz", 3, 50) == 3)
                let (damaged, found) = try report(engine)
                #expect(damaged.status == 1 && found["Damages"]?.arrayValue?.count == 3, "\(damaged)")
                for damage in found["Damages"]?.arrayValue ?? [] {
                    #expect(damage["Kind"]?.stringValue == "blob")
                    #expect(damage["Users"]?[0]?.stringValue == "image \(name)")
                    #expect(damage["Remedy"]?.stringValue?.contains(name.prefix { $0 != "/" }) == true)
                }
                let quiet = try engine.asking("verify", "-q")
                #expect(quiet.status == 1 && quiet.lines.count == 3, "\(quiet)")
                #expect(quiet.lines.allSatisfy { $0.hasPrefix("sha256:") }, "\(quiet)")
                let repaired = try engine.asking("verify", "--repair")
                #expect(repaired.status == 0 && repaired.error.isEmpty, "\(repaired)")
                #expect(repaired.lines.filter { $0.hasPrefix("repaired: blob sha256:") }.count == 3, "\(repaired)")
                try #expect(files.map { try TestEngine.bytes($0) } == before)
                try #expect(engine.asking("verify").status == 0)
                try #expect(engine("run", "--rm", "--network", "none", name, "echo", "here").line == "here")
            }
        }

        @Test func aLayerIsUnpackedAgainOnceNoContainerRunsOnIt() throws {
            try with { engine, registry, name in
                try engine("run", "-d", "--name", "one", "--network", "none", name, "sleep", "1000")
                try engine("create", "--name", "two", "--network", "none", name, "cat", "/bin/damage")
                let layer = try #require(TestEngine.names(in: "\(engine.root)/layers").first)
                let file = "\(engine.root)/layers/\(layer)/diff/bin/damage"
                // The layer is one file where the kernel mounts such; this is in the content of its first.
                let image = "\(engine.root)/layers/\(layer)/layer.erofs"
                let before = try? TestEngine.bytes(image)
                if before == nil {
                    _ = try FileDescriptor.open(file, O_WRONLY | O_CREAT)
                } else {
                    let opened = try FileDescriptor.open(image, O_WRONLY)
                    #expect(pwrite(opened.rawValue, "damage", 6, 5000) == 6)
                }
                let kept = try engine.asking("verify", "--repair")
                #expect(kept.status == 1, "\(kept)")
                #expect(kept.output.contains("container one runs on it; stop it, and repair again"), "\(kept)")
                #expect(kept.output.contains("needed by container one, container two, image \(name)"), "\(kept)")
                try engine("rm", "-f", "one")
                let repaired = try engine.asking("verify", "--repair")
                #expect(repaired.status == 0 && repaired.output.contains("repaired: layer sha256:"), "\(repaired)")
                #expect(access(file, F_OK) != 0)
                #expect((try? TestEngine.bytes(image)) == before)
                let started = try engine.asking("start", "-a", "two")
                #expect(started.error.contains("/bin/damage"), "\(started)")
                try engine("rm", "two")
                // Without the registry the reason is said, and nothing gets worse.
                registry.stop()
                let blob = "\(engine.root)/blobs/sha256/\(blobs(engine)[0])"
                #expect(truncate(blob, 10) == 0)
                let failed = try engine.asking("verify", "--repair")
                #expect(failed.status == 1 && failed.error.contains("cannot fetch sha256:"), "\(failed)")
                #expect(access(blob, F_OK) == 0)
            }
        }

        /// Commands that pull, run, tag, remove and prune at once: none fails but for what another one took away or uses.
        @Test func commandsTogetherLeaveAWholeStore() throws {
            try with { engine, registry, name in
                try registry.put("app-docker.tar", as: "test/app:1")
                let own = try OwnRegistry(for: engine)
                defer { own.stop() }
                let script = """
                    seed=$1; n=$2; shift 2
                    next() { seed=$(( (seed * 1103515245 + 12345) % 2147483648 )); return $(( seed / 65536 % $1 )); }
                    end=$(( $(date +%s) + 6 ))
                    while [ $(date +%s) -lt $end ]; do
                      next 2; [ $? = 0 ] && image=\(name) || image=\(registry.name)/test/app:1
                      case $n in
                        0) set -- "$NB" pull -q $image;;
                        1) set -- "$NB" run --rm --network none --entrypoint true $image;;
                        2) next 2; [ $? = 0 ] && set -- "$NB" tag $image mine:1 || set -- "$NB" rmi -f $image;;
                        3) next 2; [ $? = 0 ] && set -- "$NB" image prune -af || set -- "$NB" system prune -af;;
                        4) next 2; set -- skopeo copy -q --dest-tls-verify=false oci:$OCI docker://\(own.name)/forum/web:$?;;
                        5) set -- "$NB" verify;;
                      esac
                      said=$("$@" 2>&1) || case "$n $said" in
                        [0-3]*"o such image"*|[0-3]*"is missing"*|[0-3]*"was removed while"*) ;;
                        # As with Docker, not even -f takes an image from under a container that runs.
                        2*"is in use by container"*) ;;
                        *) echo "$* ended with $?: $said";;
                      esac
                    done
                    """
                let program = try #require(getenv("NESTBOX_BIN").map { String(cString: $0) })
                let nestbox = "\(engine.folder)/nb"
                try TestRegistry.write(
                    "#!/bin/sh\nexec \(program)/nestbox --root \(engine.root) --run-root \(engine.runRoot) \"$@\"\n",
                    to: nestbox)
                chmod(nestbox, 0o755)
                let environment = ["env", "NB=\(nestbox)", "OCI=\(try TestEngine.fixture("busybox-oci"))"]
                let seed = Int(time(nil) % 100_000)
                let workers = try (0..<6).map { number in
                    try Command(
                        engine.host.entrance + environment + [
                            "sh", "-c", script, "sh", "\(seed + number)", "\(number)",
                        ])
                }
                for worker in workers {
                    let result = worker.finish()
                    #expect(result.status == 0 && result.output.isEmpty, "seed \(seed): \(result)")
                }
                let (whole, json) = try report(engine)
                #expect(whole.status == 0 && json["Repositories"]?.integerValue == 1, "seed \(seed): \(whole)")
                // Only what was pushed is left, and nothing that is being made.
                try engine("image", "prune", "-af")
                for folder in ["layers", "tmp", "partial"] {
                    #expect(TestEngine.names(in: "\(engine.root)/\(folder)") == [], "\(folder), seed \(seed)")
                }
                let marks = ["_blobs", "_manifests"].flatMap {
                    TestEngine.names(in: "\(engine.root)/registry/forum/web/\($0)")
                }
                #expect(Set(blobs(engine)) == Set(marks), "seed \(seed)")
            }
        }
    }
}
