import Crypto
import Glibc
import LinuxSystem
import OCISpec
import Testing

/// `nestboxd` over an engine's root for one test, on the host that the engine runs on.
final class OwnRegistry {
    /// Whether tests with it can run.
    static let isInstalled = ["skopeo", "curl"].allSatisfy { (name: String) in
        access("/usr/bin/\(name)", X_OK) == 0
    }

    /// What the registry answered.
    struct Answer: CustomStringConvertible {
        var status: Int
        /// By names in small letters.
        var headers: [String: String]
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
        var json: JSONValue? { try? JSONValue(parsing: body) }
        /// What kind of failure it tells of.
        var code: String? { json?["errors"]?[0]?["code"]?.stringValue }
        var description: String { "\(status) \(headers) \(text.prefix(300))" }
    }

    /// Host and port.
    private(set) var name = ""
    private let engine: TestEngine
    private let address: String
    private let settings: String?
    private let certificate: TestCertificate?
    private var process: Command?
    private var files = 0

    /// - Parameters:
    ///   - settings: the file of `--config`; nil: none.
    ///   - certificate: what TLS is spoken with; nil: none is.
    init(
        for engine: TestEngine, at address: String = "127.0.0.1", settings: String? = nil,
        certificate: TestCertificate? = nil
    ) throws {
        self.engine = engine
        self.address = address
        self.settings = settings
        self.certificate = certificate
        try start(port: "0")
    }

    /// The command line of `nestboxd` with an engine's roots.
    static func command(for engine: TestEngine, _ arguments: [String]) throws -> [String] {
        let programs = try #require(getenv("NESTBOX_BIN").map { String(cString: $0) })
        return engine.host.entrance + ["\(programs)/nestboxd", "--root", engine.root, "--run-root", engine.runRoot]
            + arguments
    }

    private func start(port: String) throws {
        var arguments = ["--listen", "\(address):\(port)"]
        if let settings {
            try TestRegistry.write(settings, to: "\(engine.folder)/registry.json")
            arguments += ["--config", "\(engine.folder)/registry.json"]
        }
        if let certificate { arguments += ["--tls-cert", certificate.file, "--tls-key", certificate.key] }
        let process = try Command(Self.command(for: engine, arguments))
        self.process = process
        let printed = process.read(seconds: 30) { $0.hasSuffix("\n") }
        let words = printed.split(separator: "\n").first?.split(separator: " ") ?? []
        name = String(try #require(words.last, "no registry: \(printed)"))
    }

    /// Ends it by a signal and starts it again at the same address.
    func restart(_ signal: Int32 = SIGKILL) throws {
        stop(signal)
        try start(port: String(name.split(separator: ":")[1]))
    }

    /// Sends it a signal.
    func signal(_ number: Int32) { process?.signal(number) }

    @discardableResult
    func stop(_ signal: Int32 = SIGKILL) -> CommandResult? {
        process?.signal(signal)
        defer { process = nil }
        return process?.finish()
    }

    /// Makes a call.
    ///
    /// - Parameter options: of curl, such as headers.
    func call(
        _ method: String, _ path: String, _ options: [String] = [], body: [UInt8]? = nil, user: String? = nil
    ) throws -> Answer {
        files += 1
        let stem = "\(engine.folder)/call\(files)"
        var arguments = [
            "curl", "-s", "--path-as-is", "-D", "\(stem).head", "-o", "\(stem).body", "-w", "%{http_code}",
        ]
        arguments += method == "HEAD" ? ["--head"] : ["-X", method]
        arguments += options
        if let user { arguments += ["-u", user] }
        if let body {
            try FileDescriptor.open("\(stem).sent", O_WRONLY | O_CREAT | O_TRUNC).writeAll(body)
            arguments += ["--data-binary", "@\(stem).sent"]
            if !options.contains(where: { $0.hasPrefix("Content-Type") }) {
                arguments += ["-H", "Content-Type: application/octet-stream"]
            }
        }
        if let certificate { arguments += ["--cacert", certificate.authority] }
        let place = path.hasPrefix("http") ? path : "\(certificate == nil ? "http" : "https")://\(name)\(path)"
        let result = try engine.host.run(arguments + [place])
        var headers: [String: String] = [:]
        for line in ((try? TestEngine.read("\(stem).head")) ?? "").split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmed
        }
        let content = method == "HEAD" ? [] : (try? TestEngine.bytes("\(stem).body")) ?? []
        return Answer(status: Int(result.line) ?? -1, headers: headers, body: content)
    }

    /// Pushes a blob in one call.
    @discardableResult
    func put(blob: [UInt8], to repository: String, user: String? = nil) throws -> String {
        let digest = try Self.digest(blob)
        let answer = try call("POST", "/v2/\(repository)/blobs/uploads/?digest=\(digest)", body: blob, user: user)
        try #require(answer.status == 201, "\(answer)")
        return digest
    }

    /// Pushes a small artifact under a tag or, without one, under its digest.
    @discardableResult
    func put(
        artifact blob: String, to repository: String, tag: String? = nil, subject: String? = nil, user: String? = nil
    ) throws -> Answer {
        let config = try put(blob: Array("{}".utf8), to: repository, user: user)
        let layer = try put(blob: Array(blob.utf8), to: repository, user: user)
        let manifest = Self.manifest(config, 2, layer, blob.utf8.count, subject: subject)
        let name = try tag ?? Self.digest(manifest)
        return try call(
            "PUT", "/v2/\(repository)/manifests/\(name)", ["-H", "Content-Type: \(Self.manifestType)"], body: manifest,
            user: user)
    }

    static let manifestType = "application/vnd.oci.image.manifest.v1+json"

    static func manifest(
        _ config: String, _ configSize: Int, _ layer: String, _ size: Int, subject: String? = nil
    ) -> [UInt8] {
        let about =
            subject.map { ",\"subject\":{\"mediaType\":\"\(manifestType)\",\"digest\":\"\($0)\",\"size\":1}" } ?? ""
        return Array(
            """
            {"schemaVersion":2,"mediaType":"\(manifestType)","artifactType":"test/\(size)",
             "config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"\(config)","size":\(configSize)},
             "layers":[{"mediaType":"text/plain","digest":"\(layer)","size":\(size)}]\(about)}
            """.utf8)
    }

    static func digest(_ bytes: [UInt8]) throws -> String {
        try Digest(hash: Array(SHA256.hash(data: bytes))).description
    }

    /// Runs skopeo, which has to succeed.
    @discardableResult
    func skopeo(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> CommandResult {
        let result = try engine.host.run(["skopeo"] + arguments)
        #expect(result.status == 0, "skopeo \(arguments): \(result)", sourceLocation: sourceLocation)
        return result
    }
}

extension Substring {
    /// Without spaces at both ends.
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " || $0 == "\r" }.reversed())
    }
}
