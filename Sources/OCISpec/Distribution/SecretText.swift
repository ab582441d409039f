/// Text that whoever guesses it must not learn by how long an answer takes.
public enum SecretText {
    /// Whether two texts are the same; all of them is looked at.
    public static func isEqual(_ one: String, _ other: String) -> Bool {
        one.utf8.count == other.utf8.count && zip(one.utf8, other.utf8).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
