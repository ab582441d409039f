import OCISpec
import Testing

/// A descriptor's JSON form.
private func descriptor(_ type: String, platform: String? = nil) -> String {
    let parts = platform?.split(separator: "/") ?? []
    let variant = parts.count > 2 ? #","variant":"\#(parts[2])""# : ""
    let member = parts.isEmpty ? "" : #","platform":{"os":"\#(parts[0])","architecture":"\#(parts[1])"\#(variant)}"#
    return #"{"mediaType":"application/vnd.\#(type)","digest":"\#(ImageReferenceTests.digest)","size":7\#(member)}"#
}

@Suite struct ImageManifestTests {
    static let digest = ImageReferenceTests.digest
    static let config = descriptor("oci.image.config.v1+json")

    @Test func everyMemberSurvives() throws {
        let text = #"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"a/b",
             "config":\#(Self.config),"layers":[\#(descriptor("oci.image.layer.v1.tar+zstd")),
             {"mediaType":"x","digest":"\#(Self.digest)","size":0,
             "urls":["https://x"],"annotations":{"a":"b"},"data":"e30=","artifactType":"t"}],
             "subject":\#(Self.config),"annotations":{"c":"d"}}
            """#
        let json = try JSONValue(parsing: text)
        let manifest = try ImageManifest(json: json)
        #expect(manifest.json == json)
        #expect(manifest.layers[0].mediaType.layerCompression == .zstd)
        #expect(manifest.config.mediaType.isConfiguration)
    }

    static let invalid: [(String, message: String)] = [
        (#"{"config":\#(config),"layers":[]}"#, "schemaVersion: the member is missing"),
        (#"{"schemaVersion":1,"config":\#(config),"layers":[]}"#, "schemaVersion: only version 2 is supported"),
        (#"{"schemaVersion":2,"config":\#(config)}"#, "layers: the member is missing"),
        (#"{"schemaVersion":2,"layers":[]}"#, "config: the member is missing"),
        (
            #"{"schemaVersion":2,"config":\#(config),"layers":[],"manifests":[]}"#,
            "manifests: a manifest must not have this member of an index"
        ),
        (
            #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","config":\#(config),"layers":[]}"#,
            #"mediaType: "application/vnd.oci.image.index.v1+json" is no image manifest"#
        ),
        (
            #"{"schemaVersion":2,"config":\#(config),"layers":[{"mediaType":"a","digest":"\#(digest)","size":-1}]}"#,
            "layers[0].size: a size cannot be negative"
        ),
        (
            #"{"schemaVersion":2,"config":\#(config),"layers":[{"mediaType":"a","digest":"sha256:../x","size":1}]}"#,
            #"layers[0].digest: invalid digest "sha256:../x": sha256 has 64 hexadecimal digits"#
        ),
    ]

    @Test(arguments: invalid)
    func refuses(text: String, message: String) {
        let error = #expect(throws: JSONError.self) { try ImageManifest(jsonBytes: Array(text.utf8)) }
        #expect(error?.description == message)
    }

    @Test func nullIsAnEmptyList() throws {
        let text = #"{"schemaVersion":2,"config":\#(Self.config),"layers":null}"#
        #expect(try ImageManifest(jsonBytes: Array(text.utf8)).layers.isEmpty)
    }

    @Test(arguments: ["config", "layers"])
    func refusesAnIndexThatIsAManifestToo(member: String) {
        let text = #"{"schemaVersion":2,"manifests":[],"\#(member)":[]}"#
        let error = #expect(throws: JSONError.self) { try ImageIndex(jsonBytes: Array(text.utf8)) }
        #expect(error?.description == "\(member): an index must not have this member of a manifest")
    }

    @Test func anIndexFindsTheBestManifest() throws {
        let platforms = [
            nil, "linux/arm/v6", "linux/arm/v7", "linux/arm64/v8", "linux/amd64", "unknown/unknown", "linux/arm/v8",
        ]
        let text = #"""
            {"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json",
             "manifests":[\#(platforms.map { descriptor("m", platform: $0) }.joined(separator: ","))]}
            """#
        let json = try JSONValue(parsing: text)
        let index = try ImageIndex(json: json)
        #expect(index.json == json)
        func found(_ machine: String) throws -> [String] {
            try index.manifests(for: Platform(machine)).map { $0.platform?.description ?? "any" }
        }
        #expect(try found("linux/arm/v7") == ["linux/arm/v7", "linux/arm/v6", "any"])
        #expect(try found("linux/amd64") == ["linux/amd64", "any"])
        #expect(try found("linux/s390x") == ["any"])
    }

    static let compressions: [(MediaType, MediaType.Compression?)] = [
        (.layer, MediaType.Compression.none), (.layerGzip, .gzip), (.layerZstd, .zstd),
        (.dockerLayer, MediaType.Compression.none), (.dockerLayerGzip, .gzip), (.dockerLayerZstd, .zstd),
        (.dockerForeignLayerGzip, .gzip),
        (MediaType(rawValue: "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"), .zstd),
        (MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+bzip2"), nil), (.imageManifest, nil),
    ]

    @Test(arguments: compressions)
    func layersSayHowTheyAreCompressed(type: MediaType, compression: MediaType.Compression?) {
        #expect(type.layerCompression == compression)
    }
}
