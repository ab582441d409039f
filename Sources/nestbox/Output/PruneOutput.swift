internal import ImageStore
internal import Nestbox
internal import OCISpec

/// What the `prune` commands print, in Docker's form.
enum PruneOutput {
    /// What is said of an image that is gone, or of names of it.
    static func lines(of removal: ImageRemoval) -> [String] {
        removal.untagged.map { "untagged: \($0.familiar)" }
            + ((removal.deleted.map { [$0] } ?? []) + removal.deletedLayers).map { "deleted: \($0)" }
    }

    /// Writes what is gone, then how much that gave back, and why what could not be removed is still there.
    ///
    /// - Parameters:
    ///   - title: what stands above the lines.
    ///   - lines: what is gone; with none of them there is no title.
    ///   - reclaimed: bytes.
    ///   - failures: each becomes a line of standard error.
    /// - Returns: the program's exit code.
    static func write(
        _ title: String, _ lines: [String], reclaimed: Int64, failures: [EngineError]
    ) throws -> Int32 {
        var text = lines.isEmpty ? "" : "\(title)\n" + lines.map { $0 + "\n" }.joined() + "\n"
        text += "Total reclaimed space: \(HumanText.size(reclaimed))\n"
        try StandardOutput.write(text)
        for failure in failures { StandardError.line("\(failure)") }
        return failures.isEmpty ? 0 : 1
    }
}
