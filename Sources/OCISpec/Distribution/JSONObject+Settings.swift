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
}
