internal import HTTPTypes
internal import Hummingbird
internal import ImageStore
internal import NIOCore
internal import OCISpec

/// What a client is told when a call fails (OCI distribution-spec, "Error codes").
struct RegistryFailure: Error {
    var status: HTTPResponse.Status
    var code: String
    var message: String
    var headers = HTTPFields()

    init(_ status: HTTPResponse.Status, _ code: String, _ message: String, headers: HTTPFields = HTTPFields()) {
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
    }

    /// The answer.
    var response: Response {
        let error: JSONObject = ["code": .string(code), "message": .string(message), "detail": .null]
        let body: JSONObject = ["errors": .array([.object(error)])]
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONValue.object(body).serialized())))
    }
}

extension RegistryFailure {
    init(_ error: RepositoryError) {
        let text = error.description
        self =
            switch error {
            case .noRepository: RegistryFailure(.notFound, "NAME_UNKNOWN", text)
            case .noBlob: RegistryFailure(.notFound, "BLOB_UNKNOWN", text)
            case .noManifest, .archived: RegistryFailure(.notFound, "MANIFEST_UNKNOWN", text)
            case .noUpload: RegistryFailure(.notFound, "BLOB_UPLOAD_UNKNOWN", text)
            case .uploadBusy: RegistryFailure(.conflict, "BLOB_UPLOAD_INVALID", text)
            case .digestMismatch, .unsupportedDigest: RegistryFailure(.badRequest, "DIGEST_INVALID", text)
            case .manifest: RegistryFailure(.badRequest, "MANIFEST_INVALID", text)
            case .missingPart: RegistryFailure(.badRequest, "MANIFEST_BLOB_UNKNOWN", text)
            // What Amazon's registry says, with the code that says it in this protocol.
            case .tagExists: RegistryFailure(.conflict, "TAG_INVALID", text)
            case .repositoryExists: RegistryFailure(.conflict, "NAME_INVALID", text)
            case .noLifecyclePolicy: RegistryFailure(.notFound, "UNSUPPORTED", text)
            case .blobInUse, .notEmpty: RegistryFailure(.conflict, "DENIED", text)
            }
    }

    init(_ error: InvalidCall) {
        self =
            switch error {
            case .unknown: RegistryFailure(.notFound, "UNSUPPORTED", "there is nothing of that name")
            case .name(let error): RegistryFailure(.badRequest, "NAME_INVALID", error.description)
            case .digest: RegistryFailure(.badRequest, "DIGEST_INVALID", "that is no digest that is kept here")
            case .tag: RegistryFailure(.badRequest, "TAG_INVALID", "that is no tag")
            }
    }

    static var unsupportedMethod: RegistryFailure {
        RegistryFailure(.methodNotAllowed, "UNSUPPORTED", "this cannot be done with that")
    }
}
