import Glibc
import LinuxSystem
import Testing

/// A certificate that a test's own authority has signed.
struct TestCertificate {
    /// The authority's certificate.
    let authority: String
    /// The certificate and its key, both in PEM form.
    let file: String
    let key: String

    /// Makes one, and before the first one in a folder the authority.
    ///
    /// - Parameters:
    ///   - name: whom it is for, and how its files begin.
    ///   - addresses: what a server with it may be called by.
    init(_ name: String, for addresses: [String] = ["127.0.0.1"], in folder: String) throws {
        authority = "\(folder)/ca.crt"
        (file, key) = ("\(folder)/\(name).crt", "\(folder)/\(name).key")
        if access(authority, F_OK) != 0 {
            mkdir(folder, 0o700)
            try Self.openssl(
                ["req", "-x509"] + Self.newKey("\(folder)/ca.key") + [
                    "-out", authority, "-days", "2", "-subj", "/CN=the test's authority",
                ])
        }
        let request = "\(folder)/\(name).csr"
        try Self.openssl(["req"] + Self.newKey(key) + ["-out", request, "-subj", "/CN=\(name)"])
        let names = addresses.map { "IP:\($0)" }.joined(separator: ",")
        try TestRegistry.write("subjectAltName=\(names)\n", to: "\(folder)/\(name).ext")
        try Self.openssl([
            "x509", "-req", "-in", request, "-CA", authority, "-CAkey", "\(folder)/ca.key", "-CAcreateserial",
            "-days", "2", "-out", file, "-extfile", "\(folder)/\(name).ext",
        ])
    }

    private static func newKey(_ path: String) -> [String] {
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path]
    }

    private static func openssl(_ arguments: [String]) throws {
        let result = try Command.run(["openssl"] + arguments)
        try #require(result.status == 0, "openssl \(arguments): \(result)")
    }
}

extension TestEngine {
    /// What stands before a command that is to find a folder of the test's as one of the machine's, such as `/etc/docker`.
    static func showing(_ folder: String, as place: String) -> [String] {
        // Only in its own mount namespace.
        ["unshare", "--mount", "sh", "-c", "mount --bind \"$1\" \"$2\" && shift 2 && exec \"$@\"", "sh", folder, place]
    }
}
