internal import LinuxSystem
internal import OCISpec

/// The file of an image that says what the standard streams of its first process were: runc's `descriptors.json`.
///
/// Whatever was a pipe is a stream of the caller's when it is restored.
enum StreamNames {
    private static let file = "descriptors.json"

    /// - Throws: `LaunchError`.
    static func write(_ names: [String], to folder: borrowing ImageFolder) throws(LaunchError) {
        do throws(SystemError) {
            try folder.writeFile(file, JSONValue.array(names.map { .string($0) }).serialized())
        } catch {
            throw LaunchError("cannot write the image: \(error)")
        }
    }

    /// The pipes among them, by their numbers.
    ///
    /// - Throws: `LaunchError` when the folder holds no image.
    static func pipes(in folder: borrowing ImageFolder) throws(LaunchError) -> [CRIUOptions.InheritedDescriptor] {
        let bytes: [UInt8]?
        do throws(SystemError) {
            bytes = try folder.readFile(file, limit: 64 << 10)
        } catch {
            throw LaunchError("cannot read the image: \(error)")
        }
        guard let bytes else {
            throw LaunchError("cannot restore from \(folder.path): it holds no image of a container (\(file))")
        }
        do throws(JSONError) {
            return try self.pipes(bytes)
        } catch {
            throw LaunchError("cannot read \(folder.path)/\(file): \(error)")
        }
    }

    /// The pipes of the text of such a file.
    static func pipes(_ bytes: [UInt8]) throws(JSONError) -> [CRIUOptions.InheritedDescriptor] {
        guard let names = try JSONValue(parsing: bytes).arrayValue else { throw JSONError("it is no array") }
        // Only 0, 1 and 2 are the caller's streams.
        return names.prefix(3).enumerated().compactMap { number, name in
            guard let key = name.stringValue, key.begins(with: "pipe:[") else { return nil }
            return .init(key: key, number: Int32(number))
        }
    }
}
