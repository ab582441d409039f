internal import Crypto
internal import OCISpec

/// The signature of a call: AWS Signature Version 4, in the `Authorization` header.
struct RequestSignature {
    /// How far the client's clock may be from ours, in seconds.
    static let window: Int64 = 300

    var keyID: String
    var date: String
    var region: String
    var service: String
    private var signedHeaders: [String]
    private var signature: String

    /// Reads the header; nil when it is none of this kind.
    init?(_ field: String) {
        let prefix = "AWS4-HMAC-SHA256 "
        guard field.hasPrefix(prefix) else { return nil }
        var members: [String: String] = [:]
        for part in field.dropFirst(prefix.count).split(separator: ",") {
            let text = part.drop { $0 == " " }
            guard let sign = text.firstIndex(of: "=") else { return nil }
            members[String(text[..<sign])] = String(text[text.index(after: sign)...])
        }
        let scope = (members["Credential"] ?? "").split(separator: "/", omittingEmptySubsequences: false).map(
            String.init)
        guard scope.count == 5, scope[4] == "aws4_request", let headers = members["SignedHeaders"],
            let signature = members["Signature"]
        else { return nil }
        (keyID, date, region, service) = (scope[0], scope[1], scope[2], scope[3])
        signedHeaders = headers.split(separator: ";").map(String.init)
        self.signature = signature
    }

    /// Checks that whoever has the secret has made the call, a short time ago.
    ///
    /// - Throws: `AWSError`.
    func verify(_ request: AWSRequest, secret: String, now: Timestamp) throws(AWSError) {
        guard let time = request.headers["x-amz-date"], let sent = Self.time(time), time.hasPrefix(date) else {
            throw AWSError("IncompleteSignature", "X-Amz-Date is missing, or is not of the credential's day")
        }
        guard abs(sent.seconds - now.seconds) <= Self.window else {
            throw AWSError("RequestExpired", "the call was signed at \(time), and it is \(now); set the clock")
        }
        for name in ["host", "x-amz-date", "x-amz-target"] where !signedHeaders.contains(name) {
            throw AWSError("IncompleteSignature", "\(name) is not signed")
        }
        let expected = Self.signature(
            request, headers: signedHeaders, secret: secret, time: time, scope: (date, region, service))
        guard SecretText.isEqual(signature, expected) else {
            throw AWSError(
                "InvalidSignatureException", "the signature is not that of this call and the access key's secret")
        }
    }

    /// The signature of a call to `/`, in hexadecimal digits.
    static func signature(
        _ request: AWSRequest, headers: [String], secret: String, time: String,
        scope: (date: String, region: String, service: String)
    ) -> String {
        let lines = headers.map { "\($0):\(collapsed(request.headers[$0] ?? ""))\n" }.joined()
        let canonical =
            "POST\n/\n\n\(lines)\n\(headers.joined(separator: ";"))\n\(Hexadecimal.text(of: SHA256.hash(data: request.body)))"
        let place = "\(scope.date)/\(scope.region)/\(scope.service)/aws4_request"
        let text =
            "AWS4-HMAC-SHA256\n\(time)\n\(place)\n\(Hexadecimal.text(of: SHA256.hash(data: Array(canonical.utf8))))"
        var key = Array("AWS4\(secret)".utf8)
        for part in [scope.date, scope.region, scope.service, "aws4_request", text] {
            key = Array(HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: SymmetricKey(data: key)))
        }
        return Hexadecimal.text(of: key)
    }

    private static func collapsed(_ value: String) -> String {
        value.split(separator: " ").joined(separator: " ")
    }

    /// Reads `20261129T063000Z`.
    private static func time(_ text: String) -> Timestamp? {
        let digits = Array(text)
        guard digits.count == 16 else { return nil }
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return try? Timestamp(
            "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z")
    }
}
