import OCISpec
import Testing

@Suite struct DigestTests {
    static let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test func reads() throws {
        let digest = try Digest("sha256:\(Self.hex)")
        #expect(digest.algorithm == .sha256)
        #expect(digest.hex == Self.hex)
        #expect(digest.description == "sha256:\(Self.hex)")
        #expect(digest.shortened == "e3b0c44298fc")
        #expect(try Digest("sha512:\(Self.hex)\(Self.hex)").algorithm == .sha512)
        #expect(ImageLayout.path(ofBlob: digest) == "blobs/sha256/\(Self.hex)")
    }

    @Test func isMadeFromAHash() throws {
        let hash = (0..<32).map { UInt8($0 * 8) }
        let digest = try Digest(hash: hash)
        #expect(digest.hex == "0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8")
        #expect(throws: InvalidDigest.self) { try Digest(hash: hash.dropLast()) }
        #expect(throws: InvalidDigest.self) { try Digest(algorithm: .sha512, hash: hash) }
    }

    @Test(arguments: [
        "", ":", "sha256", "sha256:", "sha256:12", hex, "md5:d41d8cd98f00b204e9800998ecf8427e", "SHA256:\(hex)",
        "sha256:\(hex)0", "sha256:\(hex.dropLast())", "sha256:\(hex.uppercased())", "sha256:\(hex.dropLast())g",
        "sha256::\(hex.dropLast())", " sha256:\(hex)", "sha256:\(hex)\n", "sha256:../../\(hex.dropFirst(6))",
        "sha256:\(hex.dropLast())\u{660}", "sha256:\(hex.dropLast(2))é", "sha512:\(hex)",
    ])
    func refuses(text: String) {
        #expect(throws: InvalidDigest.self) { try Digest(text) }
    }

    @Test func explains() {
        let error = #expect(throws: InvalidDigest.self) { try Digest("sha256:12") }
        #expect(error?.description == "invalid digest \"sha256:12\": sha256 has 64 hexadecimal digits")
    }
}
