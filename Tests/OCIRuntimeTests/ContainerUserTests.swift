import Glibc
import LinuxSystem
import OCISpec
import Testing

@testable import OCIRuntime

@Suite struct ContainerUserTests {
    private static let passwd = """
        root:x:0:0:root:/root:/bin/sh
        app:x:1000:1001:App:/home/app:/bin/sh
        broken line
        evil:x:-1:0::/:
        big:x:99999999999:0::/:
        empty:x::0::/:
        """
    private static let group = """
        root:x:0:
        staff:x:50:app,other
        audio:x:29:app
        app:x:1001:app
        bad:x:zero:app
        """

    /// Looks a user up in a root folder of these files.
    private func user(
        _ name: String, groups: [String] = [], passwd: String? = passwd, group: String? = group
    ) throws -> ContainerUser {
        return try withTemporaryFolder { folder in
            mkdir("\(folder)/etc", 0o755)
            if let passwd { try AtomicFile.write(Array(passwd.utf8), to: "\(folder)/etc/passwd") }
            if let group { try AtomicFile.write(Array(group.utf8), to: "\(folder)/etc/group") }
            return try ContainerUser(name, additionalGroups: groups, in: try RootDirectory(path: folder))
        }
    }

    @Test func aNameBringsItsGroupHomeAndGroups() throws {
        let user = try user("app")
        #expect(user.uid == 1000 && user.gid == 1001)
        #expect(user.home == "/home/app")
        #expect(user.additionalGroups == [1001, 50, 29])
    }

    @Test func anIDIsUsedEvenWithoutAnEntry() throws {
        let user = try user("4242")
        #expect(user.uid == 4242 && user.gid == 0 && user.additionalGroups == [0])
        #expect(try self.user("4242:77", passwd: nil, group: nil).gid == 77)
    }

    @Test func aNamedGroupReplacesTheUsersGroups() throws {
        let user = try user("app:audio")
        #expect(user.gid == 29)
        #expect(user.additionalGroups == [29])
    }

    @Test func additionalGroupsAreAddedByNameOrID() throws {
        #expect(try user("0", groups: ["audio", "77"]).additionalGroups == [0, 29, 77])
    }

    @Test(arguments: [
        "nobody-here", "-1", "evil", "big", "empty", "0x0", "1000 ", " 0", "4294967295", "4294967296", "root:nogroup",
        "app:-5", "app:bad", "99999999999999999999", "root\n",
    ])
    func whatIsNoUserIsAnErrorAndNeverRoot(_ name: String) {
        #expect(throws: LaunchError.self) { try user(name) }
    }

    @Test func aFileThatIsNoRegularFileIsRefused() throws {
        try withTemporaryFolder { folder in
            mkdir("\(folder)/etc", 0o755)
            mkfifo("\(folder)/etc/passwd", 0o644)
            let root = try RootDirectory(path: folder)
            #expect(throws: LaunchError.self) { try ContainerUser("app", additionalGroups: [], in: root) }
        }
    }

    @Test func aSymlinkInTheRootDoesNotLeadOutside() throws {
        try withTemporaryFolder { folder in
            symlink("/etc", "\(folder)/etc")
            let root = try RootDirectory(path: folder)
            #expect(throws: LaunchError.self) { try ContainerUser("daemon", additionalGroups: [], in: root) }
        }
    }
}
