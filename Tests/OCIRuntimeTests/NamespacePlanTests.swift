import CLinux
import Glibc
import OCISpec
import Testing

@testable import OCIRuntime

@Suite struct NamespacePlanTests {
    private typealias Namespace = RuntimeSpecification.Linux.Namespace

    @Test func plainNewOnesAreMadeByTheChild() throws {
        let plan = try NamespacePlan([
            Namespace(type: .user), Namespace(type: .pid), Namespace(type: .mount), Namespace(type: .cgroup),
        ])
        #expect(plan.cloneFlags == UInt64(CLONE_NEWUSER) | UInt64(CLONE_NEWPID))
        #expect(plan.early == UInt64(CLONE_NEWNS))
        #expect(plan.newCgroup && !plan.forks && plan.unshareFlags == 0)
    }

    @Test func orByClone3WhereMemoryIsShort() throws {
        var plan = try NamespacePlan([Namespace(type: .user), Namespace(type: .pid), Namespace(type: .network)])
        plan.makeAllAtBirth()
        #expect(plan.cloneFlags == UInt64(CLONE_NEWUSER) | UInt64(CLONE_NEWPID) | UInt64(CLONE_NEWNET))
        #expect(plan.early == 0)
        // What comes after another namespace was joined or made cannot be made at birth.
        var joined = try NamespacePlan([
            Namespace(type: .user), Namespace(type: .pid, path: "/p"), Namespace(type: .network),
        ])
        let before = (joined.cloneFlags, joined.early, joined.unshareFlags)
        joined.makeAllAtBirth()
        #expect((joined.cloneFlags, joined.early, joined.unshareFlags) == before)
    }

    @Test func aJoinedUserNamespaceComesFirstAndOwnsTheRest() throws {
        let plan = try NamespacePlan([
            Namespace(type: .network, path: "/n"), Namespace(type: .user, path: "/u"), Namespace(type: .mount),
            Namespace(type: .pid),
        ])
        #expect(plan.joins.map(\.path) == ["/u", "/n"])
        #expect(plan.cloneFlags == 0)
        #expect(plan.unshareFlags == UInt64(CLONE_NEWNS) | UInt64(CLONE_NEWPID))
        #expect(plan.forks && plan.joinsUser && !plan.unsharesUser)
    }

    @Test func aForeignNetworkIsJoinedBeforeANewUserNamespace() throws {
        let plan = try NamespacePlan([
            Namespace(type: .user), Namespace(type: .network, path: "/n"), Namespace(type: .mount),
        ])
        #expect(plan.unsharesUser && plan.cloneFlags == 0)
        #expect(plan.unshareFlags == UInt64(CLONE_NEWNS))
    }

    @Test func theSameKindTwiceIsRefused() {
        #expect(throws: LaunchError.self) {
            try NamespacePlan([Namespace(type: .mount), Namespace(type: .mount)])
        }
    }
}
