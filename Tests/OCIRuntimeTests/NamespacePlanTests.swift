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
