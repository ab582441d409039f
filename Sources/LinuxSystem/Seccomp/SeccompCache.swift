internal import CLinux
internal import Glibc
public import OCISpec

/// Compiled filters kept in a folder, so that starting a container takes one small read instead of a compilation.
///
/// A file counts only if it belongs to this user, nobody else can read or write it, its hash is right, and the key in it
/// is, byte for byte, the key of what is asked for. Anything else is compiled again and replaced. Files are written
/// beside their names and renamed; a write that fails costs time at the next start, nothing else.
public struct SeccompCache: Sendable {
    /// The folder, made when something is to be kept; nil: every filter is compiled.
    public let directory: String?

    /// How many filters a folder holds; when there are more, it is emptied.
    static let capacity = 256
    /// Leftovers of killed writers are removed after so many seconds.
    static let leftoverAge = 60

    /// How often another's compilation is waited for, a millisecond each.
    ///
    /// Far longer than it takes, unless that process was stopped. Its lock goes with its descriptor.
    static let longestWait = 250

    /// A cache in that folder, or none.
    public init(directory: String?) {
        self.directory = directory
    }

    /// The compiled filter of a profile.
    ///
    /// - Throws: `SeccompError` when the profile cannot be compiled.
    public func filter(for profile: RuntimeSpecification.Linux.Seccomp) throws(SeccompError) -> SeccompFilter {
        try filter(key: SeccompCacheKey(profile)) { profile }
    }

    /// The compiled filter of the built-in profile; when it is there already, the profile itself is never made.
    ///
    /// - Throws: `SeccompError` when the profile cannot be compiled.
    public func defaultFilter(
        capabilities: CapabilitySet, kernel: KernelVersion = .running()
    ) throws(SeccompError) -> SeccompFilter {
        try filter(key: SeccompCacheKey(defaultFor: capabilities, kernel: kernel)) {
            SeccompProfile.default(capabilities: capabilities, kernel: kernel)
        }
    }

    private func filter(
        key: SeccompCacheKey, _ profile: () -> RuntimeSpecification.Linux.Seccomp
    ) throws(SeccompError) -> SeccompFilter {
        guard let directory else { return try SeccompCompiler.compile(profile()) }
        let name = key.fileName
        if let filter = Self.read("\(directory)/\(name)", key: key.bytes) { return filter }
        // Many containers started at once need the same filter: one compiles it, the others wait for that.
        let turn = Self.waitForTurn(in: directory) { Self.read("\(directory)/\(name)", key: key.bytes) != nil }
        defer { if turn >= 0 { close(turn) } }
        if let filter = Self.read("\(directory)/\(name)", key: key.bytes) { return filter }
        let filter = try SeccompCompiler.compile(profile())
        let entry = SeccompCacheEntry.encode(filter, key: key.bytes)
        if entry.count <= SeccompCacheEntry.longest {
            try? Self.write(entry, name: name, directory: directory)
        }
        return filter
    }

    /// Waits until nobody else compiles for the folder, or `isThere` says that nothing needs to be compiled any more.
    ///
    /// - Returns: the descriptor that holds the folder's lock, to be closed; -1 when there is no folder.
    private static func waitForTurn(in directory: String, unless isThere: () -> Bool) -> Int32 {
        mkdir(directory, 0o700)
        let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return -1 }
        var waits = 0
        while waits < longestWait, flock(folder, LOCK_EX | LOCK_NB) != 0, !isThere() {
            usleep(1000)
            waits += 1
        }
        return folder
    }

    private static func read(_ path: String, key: [UInt8]) -> SeccompFilter? {
        guard let file = try? FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY),
            let status = try? file.status(), status.st_mode & (S_IFMT | 0o077) == S_IFREG, status.st_uid == geteuid(),
            0...SeccompCacheEntry.longest ~= Int(status.st_size)
        else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: Int(status.st_size), alignment: 8) { buffer in
            guard (try? file.read(into: buffer)) == buffer.count else { return nil }
            return SeccompCacheEntry.decode(UnsafeRawBufferPointer(buffer), key: key)
        }
    }

    private static func write(_ entry: [UInt8], name: String, directory path: String) throws(SystemError) {
        mkdir(path, 0o700)
        let folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        sweep(folder)
        let temporary = ".\(name).\(String(UInt64.random(in: 0...(.max)), radix: 16)).new"
        let file = try folder.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        do throws(SystemError) {
            try file.writeAll(entry)
            try retrying("rename", "\(path)/\(temporary)") {
                renameat(folder.rawValue, temporary, folder.rawValue, name)
            }
        } catch {
            unlinkat(folder.rawValue, temporary, 0)
            throw error
        }
    }

    /// Removes what killed writers left, and everything once the folder is full.
    ///
    /// Other files are left alone.
    private static func sweep(_ folder: borrowing FileDescriptor) {
        guard let list = try? folder.open(".", O_RDONLY | O_DIRECTORY) else { return }
        let number = list.release()
        guard let stream = fdopendir(number) else {
            close(number)
            return
        }
        defer { closedir(stream) }
        var filters: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if isFilter(name) {
                filters.append(name)
            } else if name.begins(with: "."), name.ends(with: ".new"), isFilter(String(name.dropFirst().prefix(20))) {
                var status = stat()
                guard fstatat(folder.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
                    time(nil) - status.st_mtim.tv_sec > leftoverAge
                else { continue }
                unlinkat(folder.rawValue, name, 0)
            }
        }
        guard filters.count >= capacity else { return }
        for name in filters { unlinkat(folder.rawValue, name, 0) }
    }

    /// Whether a name is one of the cache's own: 16 hexadecimal digits and the suffix.
    private static func isFilter(_ name: String) -> Bool {
        name.utf8.count == 20 && name.ends(with: SeccompCacheEntry.suffix)
            && name.utf8.prefix(16).allSatisfy { 48...57 ~= $0 || 97...102 ~= $0 }
    }
}
