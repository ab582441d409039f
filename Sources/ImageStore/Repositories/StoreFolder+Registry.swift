internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// What a registry of one's own keeps, below `registry`; the content is among the store's blobs.
///
/// | path | what |
/// | --- | --- |
/// | `registry/NAME/_blobs/HEX` | empty: the repository has this blob |
/// | `registry/NAME/_manifests/HEX` | the repository has this manifest; what kind it is |
/// | `registry/NAME/_tags/TAG` | the digest of the manifest that the tag stands for |
/// | `registry/NAME/_referrers/HEX/HEX` | empty: the second manifest is about the first |
/// | `registry/NAME/_pulls/HEX` | when the manifest was last pulled |
/// | `registry/NAME/_settings` | what was said of the repository |
/// | `registry/NAME/_lifecycle` | its lifecycle policy |
/// | `registry/NAME/_preview` | a policy whose effects somebody wants to see |
/// | `registry/NAME/_pending` | what is happening to manifests, until it is done |
/// | `registry/NAME/_uploads/ID` | a blob as it comes, until it is complete; locked by whoever writes to it |
/// | `registry/_new/ID` | a small file that is being written |
/// | `registry/_secrets/NAME` | a key that is made once: what tokens are signed with |
///
/// No part of a repository's name begins with an underscore, so `NAME` may stand below another one. All changes but those of
/// uploads are made with the store's lock held, by one rename each, what is referred to first.
extension StoreFolder {
    /// The folders of a repository; the last one makes it one.
    static let repositoryFolders = ["_blobs", "_tags", "_referrers", "_uploads", "_pulls", "_manifests"]

    static func path(of repository: RepositoryName) -> String { "registry/\(repository)" }

    static func path(ofBlob digest: Digest, in repository: RepositoryName) -> String {
        "registry/\(repository)/_blobs/\(digest.hex)"
    }

    static func path(ofManifest digest: Digest, in repository: RepositoryName) -> String {
        "registry/\(repository)/_manifests/\(digest.hex)"
    }

    static func path(ofTag tag: String, in repository: RepositoryName) -> String {
        "registry/\(repository)/_tags/\(tag)"
    }

    static func path(ofReferrer digest: Digest, of subject: Digest, in repository: RepositoryName) -> String {
        "registry/\(repository)/_referrers/\(subject.hex)/\(digest.hex)"
    }

    static func path(ofPull digest: Digest, in repository: RepositoryName) -> String {
        "registry/\(repository)/_pulls/\(digest.hex)"
    }

    static func path(ofSettingsOf repository: RepositoryName) -> String { "registry/\(repository)/_settings" }

    static func path(ofLifecycleOf repository: RepositoryName) -> String { "registry/\(repository)/_lifecycle" }

    static func path(ofPreviewIn repository: RepositoryName) -> String { "registry/\(repository)/_preview" }

    static func path(ofPendingChangesIn repository: RepositoryName) -> String { "registry/\(repository)/_pending" }

    static func path(ofUpload id: String, in repository: RepositoryName) -> String {
        "registry/\(repository)/_uploads/\(id)"
    }

    /// The names of all repositories, in their order.
    ///
    /// - Throws: `SystemError`.
    func repositories() throws(SystemError) -> [RepositoryName] {
        try places().filter(\.isRepository).map(\.name).sorted()
    }

    /// Where a removal, or the making of a repository, has not come to its end.
    ///
    /// - Throws: `SystemError`.
    func remnants() throws(SystemError) -> [RepositoryName] {
        try places().filter { !$0.isRepository && $0.hasContent }.map(\.name)
    }

    /// All places where repositories are or could be.
    private func places() throws(SystemError) -> [(name: RepositoryName, isRepository: Bool, hasContent: Bool)] {
        var found: [(name: RepositoryName, isRepository: Bool, hasContent: Bool)] = []
        var open = [""]
        while let prefix = open.popLast() {
            for name in try namesIfPresent(in: "registry/\(prefix)") where !name.hasPrefix("_") {
                guard let repository = try? RepositoryName(prefix + name) else { continue }
                let path = Self.path(of: repository)
                let isRepository = exists("\(path)/_manifests")
                found.append((repository, isRepository, ["_settings", "_blobs"].contains { exists("\(path)/\($0)") }))
                open.append("\(repository)/")
            }
        }
        return found
    }

    /// The paths of all blobs that a repository has.
    ///
    /// - Throws: `SystemError`.
    func pathsOfRepositories() throws(SystemError) -> Set<String> {
        var paths: Set<String> = []
        for repository in try repositories() {
            for folder in ["_blobs", "_manifests"] {
                for name in try namesIfPresent(in: "\(Self.path(of: repository))/\(folder)") {
                    paths.insert("blobs/sha256/\(name)")
                }
            }
        }
        return paths
    }

    /// The names in a folder of the store; none where it is missing.
    ///
    /// - Throws: `SystemError`.
    func namesIfPresent(in folder: String) throws(SystemError) -> [String] {
        do {
            return try names(in: folder)
        } catch  where error.errno == .noSuchFile {
            return []
        }
    }

    /// The digests that the names in a folder of the store stand for; other names stand for none.
    ///
    /// - Parameter mayBeMissing: whether a folder that is not there has no names, or is an error.
    /// - Throws: `SystemError`.
    func digests(in folder: String, mayBeMissing: Bool = false) throws(SystemError) -> [Digest] {
        let names = mayBeMissing ? try namesIfPresent(in: folder) : try names(in: folder)
        return names.compactMap { try? Digest("sha256:\($0)") }
    }

    /// Makes what is missing of a folder below the root.
    ///
    /// - Throws: `SystemError`.
    func makeFolders(_ path: String) throws(SystemError) {
        var prefix = ""
        for part in path.split(separator: "/") {
            prefix += prefix.isEmpty ? "\(part)" : "/\(part)"
            if mkdirat(descriptor.rawValue, prefix, 0o700) != 0, Errno.current != .exists {
                throw SystemError("create", "\(self.path)/\(prefix)", .current)
            }
        }
    }

    /// Writes a small file beside `path`, flushes it and renames it: readers see the old content or the new one.
    ///
    /// The store's lock must be held: all are written to the same place first, so that what a process that dies has left there is
    /// overwritten by the next one.
    /// - Throws: `SystemError`.
    func replace(_ path: String, with bytes: [UInt8]) throws(SystemError) {
        let temporary = "registry/_new/record"
        try makeFolders("registry/_new")
        try write(bytes, to: temporary, flags: O_TRUNC)
        try move(temporary, to: path)
    }

    /// Writes and flushes a file that has no place yet, and says where it is.
    ///
    /// - Throws: `SystemError`.
    func writeNew(_ bytes: [UInt8]) throws(SystemError) -> String {
        try makeFolders("registry/_new")
        let path = "registry/_new/\(try RandomBytes.hexadecimal(8))"
        do throws(SystemError) {
            try write(bytes, to: path, flags: O_EXCL)
        } catch {
            unlinkat(descriptor.rawValue, path, 0)
            throw error
        }
        return path
    }

    private func write(_ bytes: [UInt8], to path: String, flags: Int32) throws(SystemError) {
        let file = try descriptor.open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | flags)
        try file.writeAll(bytes)
        let number = file.rawValue
        try retrying("flush", "\(self.path)/\(path)") { fsync(number) }
    }

    /// Renames something of the store.
    ///
    /// - Throws: `SystemError`.
    func move(_ path: String, to target: String) throws(SystemError) {
        try retrying("rename into place", "\(self.path)/\(target)") {
            renameat(descriptor.rawValue, path, descriptor.rawValue, target)
        }
    }

    /// Removes a file of the store; false where there is none.
    ///
    /// - Throws: `SystemError`.
    @discardableResult
    func unlink(_ path: String) throws(SystemError) -> Bool {
        if unlinkat(descriptor.rawValue, path, 0) == 0 { return true }
        guard Errno.current == .noSuchFile else { throw SystemError("remove", "\(self.path)/\(path)", .current) }
        return false
    }

    /// Makes an empty file, or makes the one that is there young again.
    ///
    /// - Throws: `SystemError`.
    func mark(_ path: String) throws(SystemError) {
        let file = try descriptor.open(path, O_WRONLY | O_CREAT | O_NOFOLLOW)
        let number = file.rawValue
        try retrying("mark", "\(self.path)/\(path)") { futimens(number, nil) }
    }

    /// How many seconds ago a file was written; nil where there is none.
    func age(of path: String) -> Int? {
        var status = stat()
        guard fstatat(descriptor.rawValue, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        // By its place, the first: `tv_sec` belongs to the module of libarchive here, and a file that imports that changes for
        // all others where `stat` belongs.
        return time(nil) - withUnsafeBytes(of: status.st_mtim) { $0.loadUnaligned(as: time_t.self) }
    }
}
