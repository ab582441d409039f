import Testing

extension IntegrationTests {
    /// Layers, shared and many.
    @Suite struct Layers {
        @Test(arguments: [50, 130])
        func imagesWithManyLayersRun(_ count: Int) throws {
            try TestEngine.with(image: nil) { engine in
                // Every layer replaces one file, removes the one before's own file and adds its own.
                var layers = [try TestImage.busybox.get().bytes]
                for number in 1..<count {
                    var layer = TarArchive()
                    layer.folder("layers/")
                    if number > 2 { layer.file("layers/.wh.\(number - 2)", "") }
                    layer.file("layers/\(number)", "\(number)\n")
                    layer.file("etc/last", "layer \(number)\n")
                    layers.append(layer.bytes)
                }
                let path = try engine.file("many.tar", TestImage.archive("many", layers: layers))
                let loaded = try engine("load", "-q", "-i", path)
                #expect(loaded.status == 0, "\(loaded)")
                let result = try engine.shell(
                    "cat /etc/last; ls /layers; echo new >/layers/\(count - 1); cat /layers/*", image: "many")
                let last = count - 1
                #expect(result.output == "layer \(last)\n\(last - 1)\n\(last)\n\(last - 1)\nnew\n", "\(result)")
            }
        }

        @Test func layersAreUnpackedOnceAndSharedByImagesAndContainers() throws {
            try TestEngine.with { engine in
                try engine("load", "-q", "-i", TestEngine.fixture("app-docker.tar"))
                try engine("load", "-q", "-i", TestEngine.fixture("busybox-oci-zstd.tar"))
                // One below both images, one of the second's own.
                let layers = TestEngine.names(in: "\(engine.root)/layers").filter { $0.utf8.count == 64 }
                #expect(layers.count == 2, "\(layers)")
                let script = "echo mine >/etc/passwd; rm /etc/issue; echo own >/own; sleep 60"
                try engine("run", "-d", "--name", "one", "busybox", "sh", "-c", script)
                #expect(try TestEngine.eventually { try engine("exec", "one", "cat", "/own").output == "own\n" })
                // What one changes, neither another nor a later container sees.
                let other = try engine.shell("head -n 1 /etc/passwd; ls /etc/issue; ls /own")
                #expect(other.output == "root:x:0:0:root:/root:/bin/sh\n/etc/issue\n", "\(other)")
                let lower = try engine.inspect("one", "{{.GraphDriver.Data.LowerDir}}")
                #expect(layers.contains { lower.contains($0) }, "\(lower)")
                // The changes outlive the process, not the container.
                try engine("kill", "one")
                try engine("wait", "one")
                try engine("start", "one")
                try #expect(engine("exec", "one", "cat", "/own").output == "own\n")
            }
        }
    }
}
