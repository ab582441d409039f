extension RegistryConfiguration {
    /// The files that a server of TLS needs, both in PEM form.
    public struct TLSFiles: Hashable, Sendable {
        /// The server's certificate, and behind it those that lead from it to one that clients trust.
        public var certificate: String
        /// The certificate's private key, not encrypted.
        public var key: String

        /// Makes the value from its members.
        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }
}

extension RegistryConfiguration.TLSFiles: JSONCodable {
    /// Reads the value from its JSON form.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        try object.allow(["certificate", "key"])
        certificate = try object.required("certificate")
        key = try object.required("key")
    }

    /// The JSON form.
    public var json: JSONValue { ["certificate": .string(certificate), "key": .string(key)] }
}
