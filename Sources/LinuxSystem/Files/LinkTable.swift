internal import Glibc

/// A folder of symlinks that say which container owns a name: `names/<name>` and `ids/<number>`.
///
/// symlink(2) never replaces anything, so of two processes that claim the same name one wins, without a lock and without a
/// file that a crash could leave half-written. A link whose container is gone is stale and can be claimed again.
public struct LinkTable: Sendable {
    /// The folder of the links.
    public let folder: String
    /// The folders whose entries are what can own a name: containers, tasks.
    public let owners: [String]

    /// The links in a folder.
    public init(folder: String, owners: [String]) {
        self.folder = folder
        self.owners = owners
    }

    /// What came of a claim.
    public enum Claim: Sendable, Hashable {
        case claimed
        case held(by: String)
    }

    /// Makes `name` belong to `container`, whose folder must exist already (so that nobody takes the link for stale).
    public func claim(_ name: String, for container: String) throws(SystemError) -> Claim {
        let path = folder + "/" + name
        for attempt in 0..<2 {
            if symlink(container, path) == 0 { return .claimed }
            switch Errno.current {
            case .exists:
                guard let holder = StoredFile.link(path) else {
                    // Gone meanwhile; or no link at all, which is nobody's.
                    if attempt == 0 { continue }
                    return try reclaim(path, from: "", for: container)
                }
                if isAlive(holder) { return .held(by: holder) }
                return try reclaim(path, from: holder, for: container)
            case .noSuchFile where attempt == 0:
                try StoredFile.makeFolder(folder)
            case let errno:
                throw SystemError("make link", path, errno)
            }
        }
        throw SystemError("make link", path, .busy, hint: "others keep claiming and releasing it; try again")
    }

    /// Who owns the name; nil when nobody does, or a container that is gone.
    public func holder(of name: String) -> String? {
        guard let holder = StoredFile.link(folder + "/" + name), isAlive(holder) else { return nil }
        return holder
    }

    /// Gives `name` up if it still belongs to `container`.
    ///
    /// The caller holds the container's lock.
    public func release(_ name: String, of container: String) throws(SystemError) {
        let path = folder + "/" + name
        guard StoredFile.link(path) == container else { return }
        try StoredFile.remove(path)
    }

    /// Gives up every name that belongs to `container`.
    ///
    /// The caller holds the container's lock.
    public func releaseAll(of container: String) throws(SystemError) {
        for name in try StoredFile.names(in: folder) { try release(name, of: container) }
    }

    private func isAlive(_ container: String) -> Bool {
        !container.isEmpty && owners.contains { StoredFile.exists($0 + "/" + container) }
    }

    /// Two processes may both find a link stale, and the second must not remove the link that the first just made: taking
    /// over a stale link is the one thing here that needs a lock.
    private func reclaim(_ path: String, from holder: String, for container: String) throws(SystemError) -> Claim {
        guard let lock = try FolderLock.acquire(folder) else { throw SystemError("lock", folder, .noSuchFile) }
        defer { lock.hold() }
        if let current = StoredFile.link(path) {
            if current != holder, isAlive(current) { return .held(by: current) }
            try StoredFile.remove(path)
        } else {
            try FileTree.remove(path)
        }
        if symlink(container, path) == 0 { return .claimed }
        guard Errno.current == .exists, let winner = StoredFile.link(path) else {
            throw SystemError("make link", path, Errno.current)
        }
        return .held(by: winner)
    }
}
