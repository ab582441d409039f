internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Owners and attributes, always on a descriptor of what they are for.
extension TreeExtractor {
    /// The owner that an entry gets, as the host's ids.
    func owner(of entry: ArchiveEntry, _ name: UnsafePointer<CChar>) throws -> FileMaker {
        if let owner = rules.owner { return owner }
        guard let user = rules.ids.outside(entry.userID), let group = rules.ids.outside(entry.groupID) else {
            throw ImageStoreError.entry(
                EntryPath.text(name),
                reason: "the container has no ids for its owner \(entry.userID):\(entry.groupID); copy it without -a")
        }
        return FileMaker(user: user, group: group)
    }

    /// Changes the owner of an open file where it has another one.
    func own(_ file: Int32, _ owner: FileMaker, _ name: UnsafePointer<CChar>) throws(SystemError) {
        var status = stat()
        try retrying("look at", EntryPath.text(name)) { fstat(file, &status) }
        guard status.st_uid != owner.user || status.st_gid != owner.group else { return }
        try retrying("change the owner of", EntryPath.text(name)) { fchown(file, owner.user, owner.group) }
    }

    /// For links and fifos, which cannot be opened without side effects: by an O_PATH descriptor that is looked at first.
    func attributeByPath(
        _ entry: ArchiveEntry, _ leaf: [CChar], in parent: Int32, kind: mode_t, _ name: UnsafePointer<CChar>
    ) throws {
        let place = FileDescriptor(
            owning: try retrying("open", EntryPath.text(name)) {
                openat(parent, leaf, NB_O_PATH | O_NOFOLLOW | O_CLOEXEC)
            })
        let number = place.rawValue
        var status = stat()
        try retrying("look at", EntryPath.text(name)) { fstat(number, &status) }
        // What somebody else has put in its place is theirs.
        guard status.st_mode & S_IFMT == kind else { return }
        let owner = try owner(of: entry, name)
        if status.st_uid != owner.user || status.st_gid != owner.group {
            try retrying("change the owner of", EntryPath.text(name)) {
                fchownat(number, "", owner.user, owner.group, FileCalls.emptyPath)
            }
        }
        // Its time is not worth a failure: utimensat(2) takes such a descriptor since Linux 5.8 only.
        _ = FileCalls.setModificationTime(ofPlace: number, entry.modificationTime)
    }

    func setExtendedAttributes(
        of entry: ArchiveEntry, on file: Int32, _ name: UnsafePointer<CChar>
    ) throws(SystemError) {
        let keepsPrivileges = rules.keepsPrivileges
        try entry.forEachExtendedAttribute { (attribute, value) throws(SystemError) in
            let isWanted =
                hasPrefix(attribute, "user.") && !hasPrefix(attribute, "user.overlay.")
                || keepsPrivileges && strcmp(attribute, "security.capability") == 0
            guard isWanted else { return }
            let result = FileCalls.setExtendedAttribute(file, attribute, value)
            // A tmpfs has none of the users'; a copy is a copy without them.
            guard result != -Int(EOPNOTSUPP) else { return }
            try checked(result, "set extended attribute \(EntryPath.text(attribute).quoted) of", EntryPath.text(name))
        }
    }
}
