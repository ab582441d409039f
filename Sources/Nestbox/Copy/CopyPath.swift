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
        let last = path.split(separator: "/").last
        isContents = last == "." || EnginePaths.normalised("/" + path) == "/" && path.hasPrefix("/")
        assertsFolder = isContents || path.hasSuffix("/")
        text = EnginePaths.normalised(path.hasPrefix("/") ? path : folder + "/" + path)
    }

    private init(text: String, of original: CopyPath) {
        self.text = text
        isContents = original.isContents
        assertsFolder = original.assertsFolder
    }

    /// The path that this one stands for when its last component is a link.
    func following(_ link: String) -> CopyPath {
        CopyPath(text: EnginePaths.normalised(link.hasPrefix("/") ? link : parent + "/" + link), of: self)
    }

    /// The folder that it lies in.
    var parent: String {
        let end = text.lastIndex(of: "/") ?? text.startIndex
        return end == text.startIndex ? "/" : String(text[..<end])
    }

    /// Its last component; empty for the root.
    var name: String { String(text[(text.lastIndex(of: "/").map { text.index(after: $0) } ?? text.startIndex)...]) }
}
