/// What criu is asked for (its images/rpc.proto, `criu_req`).
struct CRIURequest {
    enum Kind: Int64 {
        case dump = 1
        case restore = 2
        case preDump = 4
        /// The answer to a notification of criu's.
        case notify = 6
        case featureCheck = 9
        case version = 10
    }

    var kind: Kind
    var options: CRIUOptions?
    /// Of a notification: whether criu is to go on.
    var goesOn = false

    /// The message.
    var bytes: [UInt8] {
        var writer = ProtobufWriter()
        writer.add(1, kind.rawValue)
        if let options { writer.add(2, options.message) }
        if kind == .notify { writer.add(3, goesOn ? 1 : 0) }
        if kind == .featureCheck {
            var features = ProtobufWriter()
            features.add(1, if: true)
            writer.add(5, features)
        }
        return writer.bytes
    }
}

/// What criu answers, and tells meanwhile (`criu_resp`).
struct CRIUResponse {
    var kind: UInt64
    var isSuccess: Bool
    /// The first process of what was restored.
    var restoredProcess: Int32?
    /// The point that criu has reached; it waits for an answer there.
    var notification: String?
    /// The first process, where a notification tells it.
    var notifiedProcess: Int32?
    var errno: Int32?
    var errorMessage: String?
    /// The kernel tells which memory was written to, so that a dump can build upon another.
    var tracksMemory: Bool
    var version: CRIUVersion?

    /// Reads a message.
    ///
    /// - Throws: `ProtobufError`.
    init(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) {
        let message = try ProtobufMessage(bytes)
        kind = message.number(1) ?? 0
        isSuccess = message.flag(2)
        restoredProcess = try message.message(4)?.int32(1)
        let notify = try message.message(5)
        notification = notify?.text(1)
        notifiedProcess = notify?.int32(2)
        errno = message.int32(7)
        tracksMemory = try message.message(8)?.flag(1) ?? false
        errorMessage = message.text(9)
        version = try message.message(10).map { version throws(ProtobufError) in
            CRIUVersion(
                major: version.int32(1) ?? 0, minor: version.int32(2) ?? 0, sublevel: version.int32(4) ?? 0)
        }
    }
}

/// A version of criu.
struct CRIUVersion: Hashable, Comparable, CustomStringConvertible {
    var major: Int32
    var minor: Int32
    var sublevel: Int32 = 0

    var description: String { sublevel == 0 ? "\(major).\(minor)" : "\(major).\(minor).\(sublevel)" }

    static func < (left: CRIUVersion, right: CRIUVersion) -> Bool {
        (left.major, left.minor, left.sublevel) < (right.major, right.minor, right.sublevel)
    }
}
