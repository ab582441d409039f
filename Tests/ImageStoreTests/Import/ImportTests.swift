import OCISpec
import Testing

@testable import ImageStore

/// `nestbox import`.
@Suite struct ImportTests {
    let fixture: ImageFixture

    init() throws { fixture = try ImageFixture() }

    private func apply(_ lines: String...) throws -> ImageConfiguration.Config {
        var config = ImageConfiguration.Config()
        for line in lines { try ChangeInstruction(line).apply(to: &config) }
        return config
    }

    @Test(arguments: ["plain", "gzip", "zstd"]) func rootFilesystem(form: String) throws {
        let tar = ImageArchiveBuilder.layer("bin/sh", "#!")
        let bytes = form == "gzip" ? Compression.gzip(tar) : form == "zstd" ? Compression.zstd(tar) : tar
        try fixture.folder.write("root.tar", bytes)
        let image = try fixture.store.importRoot(
            from: .file(fixture.folder("root.tar")), reference: ImageReference("base:1"),
            changes: [ChangeInstruction("CMD [\"/bin/sh\"]"), ChangeInstruction("env A=1")], message: "from tests")
        #expect(image.references.map(\.familiar) == ["base:1"])
        #expect(image.layers == [try ImageArchiveBuilder.digest(tar)])
        #expect(image.configuration.platform == .host)
        #expect(image.configuration.config?.cmd == ["/bin/sh"] && image.configuration.config?.env == ["A=1"])
        #expect(image.configuration.history.map(\.comment) == ["from tests"])
        #expect(image.created != nil && image.size == 2)
        #expect(try fixture.store.layerPaths(of: image).map { text("\($0)/bin/sh") } == ["#!"])
        #expect(try fixture.store.images() == [image])
    }

    @Test func whatIsNoRootFilesystem() throws {
        for (bytes, reason) in [
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 1, 2], "compressed by xz"),
            (Array("BZh91AY".utf8), "compressed by bzip2"),
            (Array("hello".utf8), "no tar archive"), ([], "no tar archive"),
        ] as [([UInt8], String)] {
            #expect(try fixture.fault(bytes).contains(reason))
        }
        try fixture.folder.write("folder/file", "x")
        #expect(throws: ImageStoreError.self) {
            try fixture.store.importRoot(from: .file(fixture.folder("folder")))
        }
    }

    @Test func commandForms() throws {
        let config = try apply("CMD echo \"$HOME\" two", "  entrypoint [\"/a\", \"b c\"]  ")
        #expect(config.cmd == ["/bin/sh", "-c", "echo \"$HOME\" two"])
        #expect(config.entrypoint == ["/a", "b c"])
        // Not a list of words, so the shell gets it.
        #expect(try apply("CMD [ -f /x ]").cmd == ["/bin/sh", "-c", "[ -f /x ]"])
    }

    @Test func environmentAndLabels() throws {
        let config = try apply(
            "ENV A=1 B=\"two words\" C='it''s' D=x\\ y E=", "ENV OLD form with  spaces", "ENV A=2",
            "LABEL com.example.name=\"a \\\"b\\\"\" other=1")
        #expect(config.env == ["B=two words", "C=its", "D=x y", "E=", "OLD=form with  spaces", "A=2"])
        #expect(config.labels == ["com.example.name": "a \"b\"", "other": "1"])
    }

    @Test func otherInstructions() throws {
        let config = try apply(
            "WORKDIR /srv", "WORKDIR app", "USER 1000:1000", "EXPOSE 80 53/udp 8000-8002/TCP", "VOLUME /a /b",
            "VOLUME [\"/c d\"]", "STOPSIGNAL SIGQUIT")
        #expect(config.workingDir == "/srv/app" && config.user == "1000:1000" && config.stopSignal == "SIGQUIT")
        #expect(config.exposedPorts == ["53/udp", "80/tcp", "8000/tcp", "8001/tcp", "8002/tcp"])
        #expect(config.volumes == ["/a", "/b", "/c d"])
    }

    @Test(arguments: [
        "", "CMD", "RUN x", "ENV A", "ENV =1", "LABEL x", "EXPOSE http", "EXPOSE 0", "EXPOSE 9-8", "EXPOSE 1/icmp",
        "EXPOSE 70000", "USER a b", "ENV A=\"open", "VOLUME [\"\"]", "FROM scratch",
    ])
    func wrongInstructions(line: String) throws {
        #expect(throws: ImageStoreError.self) { try ChangeInstruction(line) }
    }
}
