import LinuxSystem
import OCISpec
import Testing

@testable import AWSServices

struct SignatureTests {
    /// A call that botocore 1.43 signed with the key `AKIDEXAMPLE` and the secret `wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY`.
    private static let signature = "1da847bb91095b8acf579a14675df25f526c764b17f7206bf9cf2dd7dbed599d"
    private static let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    private static let now = Timestamp(seconds: 1_796_000_000) ?? .unixEpoch

    private func request(
        signed: String = "content-type;host;x-amz-date;x-amz-target", signature: String = Self.signature,
        _ changes: [String: String] = [:], body: String = "{\"repositoryName\": \"web\"}"
    ) -> AWSRequest {
        let authorization =
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261130/us-east-1/ecr/aws4_request, SignedHeaders=\(signed), "
            + "Signature=\(signature)"
        let headers = [
            "content-type": "application/x-amz-json-1.1", "host": "127.0.0.1:5000", "x-amz-date": "20261130T005320Z",
            "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.ListImages", "authorization": authorization,
        ]
        return AWSRequest(headers: headers.merging(changes) { $1 }, body: Array(body.utf8))
    }

    private func verify(_ request: AWSRequest, secret: String = Self.secret, now: Timestamp = Self.now) throws {
        let signature = try #require(request.headers["authorization"].flatMap { RequestSignature($0) })
        try signature.verify(request, secret: secret, now: now)
    }

    @Test func whatAClientSignsIsAccepted() throws {
        try verify(request())
    }

    @Test func anythingElseIsNot() throws {
        for changed in [
            request(["x-amz-target": "AmazonEC2ContainerRegistry_V20150921.DeleteRepository"]),
            request(["host": "127.0.0.1:5001"]), request(["content-type": "text/plain"]), request(body: "{}"),
            request(signature: String(Self.signature.dropLast())), request(signature: ""),
        ] {
            let error = #expect(throws: AWSError.self) { try verify(changed) }
            #expect(error?.type == "InvalidSignatureException", "\(changed.headers)")
        }
        #expect(throws: AWSError.self) { try verify(request(), secret: "x") }
        for signed in ["host;x-amz-date", "x-amz-date;x-amz-target", "host;x-amz-target", ""] {
            let error = #expect(throws: AWSError.self) { try verify(request(signed: signed)) }
            #expect(error?.type == "IncompleteSignature")
        }
        for header in ["", "Basic QVdTOng=", "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0"] {
            #expect(RequestSignature(header) == nil)
        }
    }

    @Test func aSignatureHasItsTime() throws {
        for seconds: Int64 in [-301, 301, 86_400] {
            let now = try #require(Timestamp(seconds: Self.now.seconds + seconds))
            let error = #expect(throws: AWSError.self) { try verify(request(), now: now) }
            #expect(error?.type == "RequestExpired")
        }
        for seconds: Int64 in [-300, 300] {
            try verify(request(), now: try #require(Timestamp(seconds: Self.now.seconds + seconds)))
        }
    }
}
