public import OCISpec

extension IPAddress: JSONCodable {
    /// Reads an address.
    ///
    /// - Throws: `JSONError` for any other text.
    public init(json: JSONValue) throws(JSONError) {
        guard let address = IPAddress(try String(json: json)) else { throw JSONError("expected an IP address") }
        self = address
    }

    /// The address as it is written.
    public var json: JSONValue { .string(description) }
}

extension IPNetwork: JSONCodable {
    /// Reads `ADDRESS/LENGTH`.
    ///
    /// - Throws: `JSONError` for any other text.
    public init(json: JSONValue) throws(JSONError) {
        guard let network = IPNetwork(try String(json: json)) else { throw JSONError("expected ADDRESS/LENGTH") }
        self = network
    }

    /// `ADDRESS/LENGTH`.
    public var json: JSONValue { .string(description) }
}

extension MACAddress: JSONCodable {
    /// Reads six bytes in hexadecimal with colons between them.
    ///
    /// - Throws: `JSONError` for any other text.
    public init(json: JSONValue) throws(JSONError) {
        guard let address = MACAddress(try String(json: json)) else { throw JSONError("expected a MAC address") }
        self = address
    }

    /// The address as it is written.
    public var json: JSONValue { .string(description) }
}
