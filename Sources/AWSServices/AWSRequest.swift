internal import OCISpec

/// A call of an AWS client, as it came over HTTP.
public struct AWSRequest: Sendable {
    /// The header fields by names in small letters.
    public var headers: [String: String]
    /// The content.
    public var body: [UInt8]

    /// A call.
    public init(headers: [String: String], body: [UInt8]) {
        self.headers = headers
        self.body = body
    }

    /// The operation that the JSON protocol names, `AmazonEC2ContainerRegistry_V20150921.ListImages`; nil: it is no such call.
    public var target: String? { headers["x-amz-target"] }
}

/// What an AWS client is answered.
public struct AWSAnswer: Sendable {
    /// The HTTP status.
    public var status: Int
    /// The content, JSON.
    public var body: [UInt8]
    /// What the client may show when it asks for help: `x-amzn-RequestId`.
    public var requestID: String
}

/// Why a call fails, in the JSON protocol's form: `{"__type": …, "message": …}`.
public struct AWSError: Error, Hashable, Sendable {
    /// The error's name in the service's model.
    public var type: String
    /// What went wrong.
    public var message: String
    /// The HTTP status: 400, or 500 where this side failed.
    public var status = 400

    /// An error.
    public init(_ type: String, _ message: String, status: Int = 400) {
        self.type = type
        self.message = message
        self.status = status
    }

    static func invalidParameter(_ message: String) -> AWSError { AWSError("InvalidParameterException", message) }

    /// The content of the answer.
    var body: JSONObject { ["__type": .string(type), "message": .string(message)] }
}
