internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// Records below the engine's roots: JSON documents that are written as a whole.
enum StoredRecord {
    /// What reading a file fails with when the fault is the file's own, and not the machine's at this moment.
    private static let faults = [EISDIR, ELOOP, EFBIG, EIO, EBADMSG].map { Errno($0) }

    /// The record in a file; nil where there is none.
    ///
    /// - Parameter remedy: what can be done about a damaged one; nil: it is a container's, which is removed with the container.
    /// - Throws: `EngineError.damagedRecord`, `.failure` with the file's name when there is a remedy; `SystemError`.
    static func read<Record: JSONCodable>(_ path: String, remedy: String? = nil) throws -> Record? {
        do {
            guard let bytes = try StoredFile.read(path) else { return nil }
            return try Record(jsonBytes: bytes, limits: JSONLimits(bytes: StoredFile.limit))
        } catch let error as JSONError {
            throw damage(path, "\(error)", remedy)
        } catch let error as SystemError where faults.contains(error.errno) {
            throw damage(path, "\(error.errno.meaning) (\(error.errno.symbol))", remedy)
        }
    }

    private static func damage(_ path: String, _ reason: String, _ remedy: String?) -> EngineError {
        guard let remedy else { return .damagedRecord(path: path, reason: reason) }
        return .failure("cannot use the record \(path): \(reason); \(remedy)")
    }
}
