/// What Docker's `--storage-opt` takes: `size=10G`.
public enum StorageOptionText {
    /// The size that a list of options asks for, in bytes; nil: none, as with `size=0`.
    ///
    /// Of several the last one counts.
    ///
    /// - Throws: `ConfigurationError` when one is no `size=` with a size.
    public static func size(_ texts: [String], option: String) throws(ConfigurationError) -> Int64? {
        var result: Int64?
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw ConfigurationError(option, text, "it is no key=value", accepted: "give size=, like size=10G")
            }
            guard parts[0].asciiLowercased == "size" else {
                throw ConfigurationError(option, text, "unknown option", accepted: "give size=, like size=10G")
            }
            let bytes = try OptionNumber.bytes(String(parts[1]), option: option)
            result = bytes == 0 ? nil : bytes
        }
        return result
    }
}
