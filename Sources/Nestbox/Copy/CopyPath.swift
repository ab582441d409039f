internal import OCISpec

/// A path that `cp` was given, with what its end says about it (`docker cp`'s rules).
///
/// Cleaned as text: `a/../b` is `b` whatever `a` is.
struct CopyPath: Sendable, Hashable {
    /// Absolute, without `.`, `..` and surplus slashes.
    let text: String
    /// It ends in `/.`: what is in the folder is meant, not the folder.
    let isContents: Bool
    /// It ends in `/` or `/.`: it must be a folder.
    let assertsFolder: Bool

    /// - Parameter folder: where a relative path starts.
    init(_ path: String, relativeTo folder: String) {
        let last = path.pathComponents.last
        isContents = last == "." || EnginePaths.normalised("/" + path) == "/" && path.begins(with: "/")
        assertsFolder = isContents || path.ends(with: "/")
        text = EnginePaths.normalised(path.begins(with: "/") ? path : folder + "/" + path)
    }

    private init(text: String, of original: CopyPath) {
        self.text = text
        isContents = original.isContents
        assertsFolder = original.assertsFolder
    }

    /// The path that this one stands for when its last component is a link.
    func following(_ link: String) -> CopyPath {
        CopyPath(text: EnginePaths.normalised(link.begins(with: "/") ? link : parent + "/" + link), of: self)
    }

    /// The folder that it lies in.
    var parent: String { "/" + text.pathComponents.dropLast().joined(separator: "/") }

    /// Its last component, which has no slash; empty for the root.
    var name: String { text.pathComponents.last ?? "" }
}
