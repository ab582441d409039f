import OCISpec

/// A broken promise of a parser.
struct FuzzFinding: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Checks a promise.
func demand(_ isKept: Bool, _ promise: @autoclosure () -> String) throws(FuzzFinding) {
    if !isKept { throw FuzzFinding(promise()) }
}

/// A parser of what strangers send, and what it promises of any bytes: no crash, and that what it has understood means the same when
/// it is written and read again.
///
/// The names are those of the folders in Corpus, and of `make fuzz ENTRY=…`.
enum FuzzEntry: String, CaseIterable, Sendable {
    case json, manifest, configuration, reference, header, settings, call, tar

    /// Feeds the parser.
    ///
    /// - Throws: `FuzzFinding`.
    func check(_ bytes: [UInt8]) throws {
        switch self {
        case .json: try DocumentPromises.json(bytes)
        case .manifest: try DocumentPromises.manifest(bytes)
        case .configuration: try DocumentPromises.configuration(bytes)
        case .settings: try DocumentPromises.settings(bytes)
        case .reference: try TextPromises.reference(Self.text(bytes))
        case .header: try TextPromises.header(Self.text(bytes))
        case .call: try TextPromises.call(Self.text(bytes))
        case .tar: try TarPromises.check(bytes)
        }
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
