internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// Who a process of a container runs as, looked up in the container's own passwd and group files.
///
/// The files are attacker's text: they are opened by `RootDirectory`, must be regular, are capped in size, and are parsed
/// here, never by the C library's NSS.
struct ContainerUser: Hashable {
    var uid: UInt32 = 0
    var gid: UInt32 = 0
    var additionalGroups: [UInt32] = []
    /// The home folder of the passwd entry; nil when the user has none.
    var home: String?

    /// The most of `/etc/passwd` or `/etc/group` that is read, in bytes.
    static let fileLimit = 4 << 20

    /// Looks `user` (`name|uid[:group|gid]`) and `groups` up below `root`.
    ///
    /// A number is an id even where no entry has it; the whole text must be one, in the range of ids, or it is a name, and
    /// a name that no entry has is an error, never user 0 (CVE-2016-3697, CVE-2026-30892).
    /// - Throws: `LaunchError`.
    init(_ user: String, additionalGroups groups: [String], in root: borrowing RootDirectory) throws(LaunchError) {
        let parts = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let userPart = String(parts.first ?? "")
        let groupPart = parts.count > 1 ? String(parts[1]) : ""
        let passwd = try Self.entries(of: "/etc/passwd", fields: 7, in: root)
        let groupFile: [[Substring]]
        if groupPart.isEmpty || !groups.isEmpty || Self.id(groupPart) == nil {
            groupFile = try Self.entries(of: "/etc/group", fields: 4, in: root)
        } else {
            groupFile = []
        }
        let entry: [Substring]?
        guard !userPart.isEmpty else {
            throw LaunchError("cannot use user \"\(user)\": it names no user; write user:group")
        }
        if let id = Self.id(userPart) {
            uid = id
            entry = passwd.first { Self.id($0[2]) == id }
        } else {
            guard Self.isNumberOutOfRange(userPart) == false else {
                throw LaunchError("cannot use user \(userPart): it is no id from 0 to \(UInt32.max - 1)")
            }
            entry = passwd.first { $0[0] == userPart }
            guard let entry, let id = Self.id(entry[2]) else {
                throw LaunchError(
                    "cannot find user \(userPart): the image's /etc/passwd has no such entry; use an id or another name"
                )
            }
            uid = id
        }
        if let entry {
            guard let group = Self.id(entry[3]) else {
                throw LaunchError(
                    "cannot use user \(userPart): its entry in the image's /etc/passwd has no valid group")
            }
            gid = group
            home = entry[5].isEmpty ? nil : String(entry[5])
        }
        if !groupPart.isEmpty {
            gid = try Self.group(groupPart, in: groupFile)
        } else if let name = entry?[0] {
            // Docker's rule: the user's groups count only when no group was named.
            for group in groupFile where group[3].split(separator: ",").contains(name) {
                if let id = Self.id(group[2]), id != gid, !additionalGroups.contains(id) { additionalGroups.append(id) }
            }
        }
        for group in groups {
            let id = try Self.group(group, in: groupFile)
            if !additionalGroups.contains(id) { additionalGroups.append(id) }
        }
        // Also where only its being there counts: a set-group-id program changes the group, and what denies something to
        // its members must go on denying it (CVE-2022-36109).
        additionalGroups.removeAll { $0 == gid }
        additionalGroups.insert(gid, at: 0)
    }

    /// As ``init(_:additionalGroups:in:)``, but user "0" needs no file: where the image's cannot be used, root has no other
    /// groups, and starts.
    init(requested user: String, additionalGroups groups: [String], in root: borrowing RootDirectory)
        throws(LaunchError)
    {
        do {
            try self.init(user, additionalGroups: groups, in: root)
        } catch {
            guard user == "0", groups.isEmpty else { throw error }
            self.init(RuntimeSpecification.Process.User(), in: root)
        }
    }

    /// A user given by numbers in an OCI configuration; only the home folder is looked up.
    init(_ user: RuntimeSpecification.Process.User, in root: borrowing RootDirectory) {
        uid = user.uid
        gid = user.gid
        additionalGroups = user.additionalGids
        let passwd = (try? Self.entries(of: "/etc/passwd", fields: 7, in: root)) ?? []
        home = passwd.first { Self.id($0[2]) == user.uid && !$0[5].isEmpty }.map { String($0[5]) }
    }

    /// Refuses ids that a user namespace with this map does not have.
    func check(within map: IDMap?) throws(LaunchError) {
        guard let map, let id = ([uid, gid] + additionalGroups).first(where: { $0 >= map.count }) else { return }
        throw LaunchError(
            "cannot become user \(uid):\(gid): id \(id) is not among the container's \(map.count) ids; "
                + "use ids from 0 to \(map.count - 1), or --userns=host")
    }

    /// A decimal id: the whole text, no sign, below 2^32 - 1 (which means "no id" to the kernel).
    static func id(_ text: some StringProtocol) -> UInt32? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let id = UInt32(text), id != .max
        else {
            return nil
        }
        return id
    }

    private static func isNumberOutOfRange(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } && id(text) == nil
    }

    private static func group(_ text: String, in file: [[Substring]]) throws(LaunchError) -> UInt32 {
        if let id = id(text) { return id }
        guard let entry = file.first(where: { $0[0] == text }), let id = id(entry[2]) else {
            throw LaunchError(
                "cannot find group \(text): the image's /etc/group has no such entry; use an id or another name")
        }
        return id
    }

    /// The well-formed lines of a passwd or group file; none when there is no such file.
    private static func entries(
        of path: String, fields: Int, in root: borrowing RootDirectory
    ) throws(LaunchError) -> [[Substring]] {
        do throws(SystemError) {
            guard let bytes = try root.readFile(try RootedPath(path), limit: fileLimit) else { return [] }
            // By bytes: to String, "\r\n" and a colon with a combining mark are characters of their own.
            return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
                let parts = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
                return parts.count >= fields ? parts.map { String(decoding: $0, as: UTF8.self)[...] } : nil
            }
        } catch {
            throw LaunchError("cannot look users up in the image's \(path): \(error)")
        }
    }
}
