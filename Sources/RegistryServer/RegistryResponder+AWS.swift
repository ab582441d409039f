internal import AWSServices
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import OCISpec

/// Calls of AWS clients, which come to the root.
extension RegistryResponder {
    /// Whose name and password they are; nil: nobody's.
    ///
    /// `AWS` has the passwords that the ECR API gives out.
    func user(of credentials: BasicCredentials, _ passwords: PasswordFile) async throws -> String? {
        try await blocking {
            if credentials.user == "AWS", let user = try awsPasswords.user(of: credentials.password) { return user }
            return try passwords.accepts(credentials) ? credentials.user : nil
        }
    }

    /// The answer to a call of an AWS client; nil: it is none.
    func answerAWS(_ request: Request) async -> Response? {
        guard request.method == .post, request.uri.path == "/", request.headers[.target] != nil else {
            return nil
        }
        do {
            var body: [UInt8] = []
            for try await part in request.body {
                body += part.readableBytesView
                if body.count > AWSServices.bodyLimit { return Response(status: .contentTooLarge) }
            }
            var headers: [String: String] = [:]
            for field in request.headers { headers[field.name.canonicalName] = field.value }
            headers["host"] = request.head.authority
            let call = AWSRequest(headers: headers, body: body)
            let answer = try await blocking { aws.answer(call, notice: notice) }
            return Response(
                status: HTTPResponse.Status(code: answer.status),
                headers: [.contentType: "application/x-amz-json-1.1", .requestID: answer.requestID],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
        } catch {
            notice("POST /: \(error)")
            return Response(status: .internalServerError)
        }
    }
}

extension HTTPField.Name {
    fileprivate static let target = HTTPField.Name("X-Amz-Target").unsafelyKnown
    fileprivate static let requestID = HTTPField.Name("x-amzn-RequestId").unsafelyKnown
}
