/// A container's identifier or name: it starts with a letter or digit, letters, digits, `_`, `.` and `-` follow.
///
/// It can stand as one path component wherever it is used: it has no `/`, is neither `.` nor `..`, does not look like
/// an option, and leaves room for an ending within the 255 bytes of a file name.
public struct ContainerIdentifier: Hashable, Sendable {
    /// The most bytes that an identifier can have.
    public static let maximumLength = 200

    /// The text.
    public let text: String

    /// Checks and wraps a text.
    ///
    /// - Throws: `InvalidContainerIdentifier` that says which character is wrong.
    public init(_ text: String) throws(InvalidContainerIdentifier) {
        try Self.validate(text)
        self.text = text
    }

    /// Checks a text without keeping it.
    ///
    /// - Throws: `InvalidContainerIdentifier` that says which character is wrong.
    public static func validate(_ text: String) throws(InvalidContainerIdentifier) {
        guard let first = text.unicodeScalars.first else {
            throw InvalidContainerIdentifier(text: text, reason: "it is empty")
        }
        guard isAlphanumeric(first) else {
            throw InvalidContainerIdentifier(text: text, reason: "it must start with one of A-Z a-z 0-9")
        }
        for scalar in text.unicodeScalars where !isAlphanumeric(scalar) && !["_", ".", "-"].contains(scalar) {
            let shown = JSONError.quoted(String(Character(scalar)))
            throw InvalidContainerIdentifier(text: text, reason: "\(shown) is not one of A-Z a-z 0-9 _ . -")
        }
        guard text.utf8.count <= maximumLength else {
            throw InvalidContainerIdentifier(
                text: text, reason: "it has \(text.utf8.count) characters, more than \(maximumLength)")
        }
    }

    private static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "A"..."Z", "a"..."z", "0"..."9": true
        default: false
        }
    }
}

extension ContainerIdentifier: CustomStringConvertible {
    /// The text.
    public var description: String { text }
}

/// Why a text is no container identifier.
public struct InvalidContainerIdentifier: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text.
    public let text: String
    /// What is wrong with it.
    public let reason: String

    /// One line, for example `invalid container name "a/b": "/" is not one of A-Z a-z 0-9 _ . -`.
    public var description: String { "invalid container name \(JSONError.quoted(text)): \(reason)" }
}
