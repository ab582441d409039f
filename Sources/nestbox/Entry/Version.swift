internal import Nestbox

/// The program's version.
enum Version {
    /// As `nestbox --version` prints it.
    static let current = Engine.version
}
