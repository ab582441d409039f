import OCISpec
import Testing

@Suite struct PlatformTests {
    @Test(arguments: [
        ("linux/amd64", "linux/amd64"), ("linux/x86_64", "linux/amd64"), ("amd64", "linux/amd64"),
        ("linux/arm64", "linux/arm64/v8"), ("linux/aarch64", "linux/arm64/v8"), ("linux/arm64/v8", "linux/arm64/v8"),
        ("linux/arm64/8", "linux/arm64/v8"), ("linux/arm", "linux/arm/v7"), ("linux/arm/6", "linux/arm/v6"),
        ("linux/armhf", "linux/arm/v7"), ("linux/armel", "linux/arm/v6"), ("linux/i386", "linux/386"),
        ("Linux/AMD64/v1", "linux/amd64"), ("linux/amd64/v3", "linux/amd64/v3"), ("linux/riscv64", "linux/riscv64"),
        ("windows/amd64", "windows/amd64"),
    ])
    func reads(text: String, normalized: String) throws {
        #expect(try Platform(text).description == normalized)
        #expect(try Platform(normalized).description == normalized)
    }

    @Test(arguments: [
        "", "/", "linux/", "/amd64", "linux//v8", "a/b/c/d", "linux/amd 64", "linux/../x", "linux/\u{1B}",
    ])
    func refuses(text: String) {
        #expect(throws: InvalidPlatform.self) { try Platform(text) }
    }

    static let machines: [(String, image: String, expected: Bool)] = [
        ("linux/amd64", "linux/amd64", true), ("linux/amd64", "linux/arm64", false),
        ("linux/amd64", "windows/amd64", false), ("linux/amd64", "linux/amd64/v2", false),
        ("linux/amd64/v3", "linux/amd64/v2", true), ("linux/amd64/v3", "linux/amd64", true),
        ("linux/arm64", "linux/arm64/v8", true), ("linux/arm64/v8", "linux/arm64/v9", false),
        ("linux/arm/v7", "linux/arm/v6", true), ("linux/arm/v6", "linux/arm/v7", false),
        ("linux/arm/v10", "linux/arm/v9", true), ("linux/arm64/v8.2", "linux/arm64/v8", true),
        ("linux/arm64", "linux/arm64/v8.1", false), ("linux/amd64", "linux/386", false),
        ("linux/riscv64/rva22", "linux/riscv64/rva22", true), ("linux/riscv64", "linux/riscv64/rva22", false),
    ]

    @Test(arguments: machines)
    func runs(machine: String, image: String, expected: Bool) throws {
        #expect(try Platform(machine).runs(Platform(image)) == expected)
    }

    @Test(arguments: ["v", "v-1", "v99999999999999999999", "v7.1", "v1.999", "vé", "vv7", "7\u{301}"])
    func neverRunsWhatItCannotCompare(variant: String) {
        let machine = Platform(os: "linux", architecture: "arm", variant: "v7")
        #expect(!machine.runs(Platform(os: "linux", architecture: "arm", variant: variant)))
    }

    @Test func isReadFromJSON() throws {
        let json: JSONValue = [
            "architecture": "arm64", "os": "windows", "os.version": "10", "os.features": ["win32k"], "variant": "v8",
        ]
        #expect(try Platform(json: json).json == json)
        #expect(throws: JSONError.self) { try Platform(json: ["os": "linux"]) }
    }
}
