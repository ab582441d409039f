/// How files of settings are read: strictly, because a misspelt member would be without effect.
extension JSONObject {
    /// Refuses members of other names.
    ///
    /// - Throws: `JSONError`.
    func allow(_ names: [String]) throws(JSONError) {
        for member in members where !names.contains(member.name) {
            throw JSONError("expected one of \(names.joined(separator: ", "))").within(member: member.name)
        }
    }

    /// One of several words; nil when the member is missing.
    ///
    /// - Throws: `JSONError`.
    func choice(_ name: String, _ words: [String]) throws(JSONError) -> String? {
        guard let word = try optional(name, as: String.self) else { return nil }
        guard words.contains(word) else {
            throw JSONError("expected \(words.joined(separator: " or ")), found \(JSONError.quoted(word))")
                .within(member: name)
        }
        return word
    }

    /// A number of seconds; nil when the member is missing.
    ///
    /// - Throws: `JSONError`.
    func seconds(_ name: String, in range: ClosedRange<Int64>) throws(JSONError) -> Int64? {
        guard let value = try optional(name, as: Int64.self) else { return nil }
        guard range.contains(value) else {
            throw JSONError("expected seconds from \(range.lowerBound) to \(range.upperBound)").within(member: name)
        }
        return value
    }

    /// An address; nil when the member is missing.
    ///
    /// - Throws: `JSONError`.
    func address(_ name: String) throws(JSONError) -> HTTPAddress? {
        guard let text = try optional(name, as: String.self) else { return nil }
        return try HTTPAddress(setting: text, of: name)
    }
}

extension HTTPAddress {
    /// Reads an address that a person has written.
    ///
    /// - Parameters:
    ///   - name: the member that it is the value of.
    ///   - outer: the member that this one stands in.
    /// - Throws: `JSONError`.
    init(setting text: String, of name: String, in outer: String? = nil) throws(JSONError) {
        guard let address = HTTPAddress(text) else {
            let error = JSONError("\(JSONError.quoted(text)) is no address such as https://registry.lan")
                .within(member: name)
            throw outer.map(error.within) ?? error
        }
        self = address
    }
}
