internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// Which namespaces a container makes and which it joins, and in what order.
///
/// A namespace belongs to the user namespace of whoever makes it, so: foreign namespaces that the host's root may join
/// come first, then the user namespace, then all others. Where nothing but plain new ones are asked for, clone3 makes those
/// that a process must be born in, and the child makes the others itself: a network namespace alone takes the kernel a
/// millisecond, in which this process can go on.
struct NamespacePlan {
    /// Flags of clone3.
    var cloneFlags: UInt64 = 0
    /// Namespaces to join before the user namespace is made or entered, in this order.
    var joins: [Join] = []
    /// The user namespace to make by unshare after the joins.
    var unsharesUser = false
    /// Namespaces to make by unshare right after the joins: by the time that the child is ready they are there.
    var early: UInt64 = 0
    /// Namespaces to make by unshare after that.
    var unshareFlags: UInt64 = 0
    /// A PID namespace was joined or unshared, so only a child is in it.
    var forks = false
    /// A cgroup namespace is made once the cgroup has been entered.
    var newCgroup = false
    var newUser = false
    /// The UTS namespace is the container's, or another's that was named.
    var hasUTS = false
    var newTime = false
    var newNetwork = false
    var newMount = false
    var joinsUser = false
    var joinsMount = false
    /// The time namespace to join after the fork: who does that must share its memory with nobody (timens_install of
    /// kernel/time/namespace.c).
    var joinedTime: Join?

    /// The container's mounts are not the host's.
    var hasMounts: Bool { newMount || joinsMount }

    struct Join {
        var path: String
        var kind: RuntimeSpecification.Linux.Namespace.Kind
    }

    static func flag(_ kind: RuntimeSpecification.Linux.Namespace.Kind) -> UInt64 {
        switch kind {
        case .pid: UInt64(CLONE_NEWPID)
        case .network: UInt64(CLONE_NEWNET)
        case .mount: UInt64(CLONE_NEWNS)
        case .ipc: UInt64(CLONE_NEWIPC)
        case .uts: UInt64(CLONE_NEWUTS)
        case .user: UInt64(CLONE_NEWUSER)
        case .cgroup: UInt64(CLONE_NEWCGROUP)
        case .time: 0x80
        }
    }

    init(_ namespaces: [RuntimeSpecification.Linux.Namespace]) throws(LaunchError) {
        var new: UInt64 = 0
        for namespace in namespaces {
            let bit = Self.flag(namespace.type)
            // The root of this process's own mount namespace must stay what it is.
            if namespace.type == .mount, namespace.isOwn { continue }
            if let path = namespace.path, !path.isEmpty {
                if namespace.type == .time {
                    joinedTime = Join(path: path, kind: .time)
                    forks = true
                    continue
                }
                joins.append(Join(path: path, kind: namespace.type))
                if namespace.type == .user { joinsUser = true }
                if namespace.type == .uts { hasUTS = true }
                if namespace.type == .mount { joinsMount = true }
                if namespace.type == .pid { forks = true }
                continue
            }
            switch namespace.type {
            case .cgroup: newCgroup = true
            // Its first process is the one that is executed in it (Linux 6.1).
            case .time: newTime = true
            default:
                guard new & bit == 0 else {
                    throw LaunchError("cannot use the namespaces: \(namespace.type.rawValue) is named twice")
                }
                new |= bit
            }
        }
        newUser = new & UInt64(CLONE_NEWUSER) != 0
        if new & UInt64(CLONE_NEWUTS) != 0 { hasUTS = true }
        newNetwork = new & UInt64(CLONE_NEWNET) != 0
        newMount = new & UInt64(CLONE_NEWNS) != 0
        // The user namespace that owns the others is entered first of all that are joined.
        joins.sort { $0.kind == .user && $1.kind != .user }
        if joins.isEmpty || (!newUser && !joinsUser && !forks) {
            cloneFlags = new & UInt64(CLONE_NEWUSER | CLONE_NEWPID)
            early = new & ~cloneFlags
            // The first process of a PID namespace is the one that comes after the fork.
            if forks {
                unshareFlags = new & UInt64(CLONE_NEWPID)
                cloneFlags &= ~unshareFlags
            }
        } else {
            unsharesUser = newUser
            unshareFlags = new & ~UInt64(CLONE_NEWUSER)
            // The user namespace that it belongs to was joined or made by then.
            early = unshareFlags & UInt64(CLONE_NEWNET)
            unshareFlags &= ~early
            if new & UInt64(CLONE_NEWPID) != 0 { forks = true }
        }
    }

    /// Has clone3 make what the child would make itself, if it makes nothing before that.
    ///
    /// What a namespace takes of the kernel's memory is counted to whoever makes it: in the child to the container.
    mutating func makeAllAtBirth() {
        guard joins.isEmpty || !unsharesUser && !joinsUser && !forks else { return }
        cloneFlags |= early
        early = 0
    }

    /// The first list of steps: everything up to the point where the id maps can be written.
    func entrySteps(_ descriptors: borrowing [Int32]) -> StepList {
        var list = StepList()
        for (index, join) in joins.enumerated() {
            list.add(
                NB_STEP_JOIN_NAMESPACES, fd: descriptors[index], flags: Self.flag(join.kind),
                "join the \(join.kind.rawValue) namespace \(join.path)")
        }
        if unsharesUser { list.add(NB_STEP_UNSHARE, flags: UInt64(CLONE_NEWUSER), "make the user namespace") }
        if early != 0 { list.add(NB_STEP_UNSHARE, flags: early, "make the namespaces") }
        list.add(NB_STEP_NEXT_LIST, "wait for the runtime")
        return list
    }
}
