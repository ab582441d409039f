internal import ImageStore
internal import Nestbox
internal import OCISpec

/// Options of the commands that make images.
enum ImageOption {
    /// The values of `--change`.
    ///
    /// - Throws: `ConfigurationError`.
    static func changes(_ lines: [String]) throws(ConfigurationError) -> [ChangeInstruction] {
        try lines.map { line throws(ConfigurationError) in
            do throws(ImageStoreError) {
                return try ChangeInstruction(line)
            } catch {
                throw ConfigurationError("--change", line, error.description)
            }
        }
    }

    /// The name of a new image.
    ///
    /// - Throws: `ConfigurationError`.
    static func reference(_ text: String) throws(ConfigurationError) -> ImageReference {
        do throws(InvalidImageReference) {
            return try ImageReference(text)
        } catch {
            throw ConfigurationError("NAME", text, error.reason, accepted: "give a name like example/app:1.0")
        }
    }
}
