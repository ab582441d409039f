/// What `strace -f -y` has written: the calls of all processes, in their order.
struct SystemCallTrace {
    /// One finished call.
    struct Call {
        var process: Substring
        var name: Substring
        /// What stands between the parentheses.
        var arguments: Substring
        /// The number that it answered; nil for a pointer or `?`.
        var result: Int?
        var line: Substring
    }

    private(set) var calls: [Call] = []

    init(_ text: String) {
        var unfinished: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
            guard parts.count == 2 else { continue }
            let process = parts[0]
            var rest = parts[1].drop { $0 == " " }
            if rest.hasSuffix("<unfinished ...>") {
                unfinished[process] = rest.dropLast("<unfinished ...>".count)
                continue
            }
            if rest.hasPrefix("<... "), let end = rest.firstIndex(of: ">"), let start = unfinished[process] {
                unfinished[process] = nil
                rest = Substring(start + rest[rest.index(after: end)...])
            }
            // An answer stands behind the last " = "; it may name the file in pointed brackets and the error in words.
            guard let open = rest.firstIndex(of: "("), let equals = rest.lastRange(of: " = ") else { continue }
            guard let close = rest[..<equals.lowerBound].lastIndex(of: ")"), open < close else { continue }
            let answer = rest[equals.upperBound...].prefix { $0.isNumber || $0 == "-" }
            calls.append(
                Call(
                    process: process, name: rest[..<open], arguments: rest[rest.index(after: open)..<close],
                    result: Int(answer), line: line))
        }
    }

    /// The calls up to the one that executes the container's program, of the process that does it and those it comes from.
    func untilExecution(of program: String) -> [Call]? {
        let index = calls.lastIndex {
            $0.name == "execve" && $0.result == 0 && $0.arguments.hasPrefix("\"\(program)\"")
        }
        return index.map { Array(calls[...$0]) }
    }
}

extension Substring {
    fileprivate func lastRange(of text: String) -> Range<Index>? {
        var end = endIndex
        while let start = index(end, offsetBy: -text.count, limitedBy: startIndex) {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            guard end > startIndex else { return nil }
            end = index(before: end)
        }
        return nil
    }
}

// MARK: - Descriptors

extension SystemCallTrace {
    /// The descriptors that a program executed at the end of `calls` would get: those without close-on-exec.
    ///
    /// - Parameter leaked: what the first process has from its caller beside 0, 1 and 2.
    static func inheritable(at calls: [Call], leaked: Set<Int>) -> Set<Int> {
        // A child of clone(CLONE_FILES) has its parent's table until it unshares it.
        var shared = leaked.union([0, 1, 2])
        var own: [Substring: Set<Int>] = [:]
        for call in calls {
            var table = own[call.process] ?? shared
            apply(call, to: &table)
            if call.name == "unshare", call.arguments.contains("CLONE_FILES") {
                own[call.process] = table
            } else if own[call.process] != nil {
                own[call.process] = table
            } else {
                shared = table
            }
        }
        return calls.last.map { own[$0.process] ?? shared } ?? []
    }

    private static let makers: Set<Substring> = [
        "open", "openat", "openat2", "creat", "dup", "dup2", "dup3", "socket", "accept", "accept4", "open_tree",
        "fsopen",
        "fsmount", "pidfd_open", "memfd_create", "epoll_create", "epoll_create1", "eventfd2", "signalfd4",
        "inotify_init1",
        "timerfd_create", "userfaultfd", "fspick",
    ]

    private static func apply(_ call: Call, to table: inout Set<Int>) {
        let numbers = call.arguments.split(separator: ", ", omittingEmptySubsequences: false).map {
            Int($0.prefix { $0.isNumber })
        }
        let first = numbers.first.flatMap { $0 }
        let closesOnExec = call.arguments.contains("CLOEXEC")
        switch call.name {
        case "close": if let first { table.remove(first) }
        case "close_range":
            // Both forms, with CLOSE_RANGE_CLOEXEC and without, take them from a program to come.
            // "~0U" is no number: to the end.
            guard call.result == 0, let first, numbers.count > 1 else { return }
            let last = numbers[1] ?? .max
            table = table.filter { $0 < first || $0 > last }
        case "execve", "execveat": return
        case "fcntl" where call.arguments.contains("F_SETFD"):
            guard let first else { return }
            if closesOnExec { table.remove(first) } else { table.insert(first) }
        case "fcntl" where call.arguments.contains("F_DUPFD"), _ where makers.contains(call.name):
            guard let result = call.result, result >= 0 else { return }
            // pidfd_open(2) and the descriptors of BPF are close-on-exec without being asked.
            if closesOnExec || call.name == "pidfd_open" { table.remove(result) } else { table.insert(result) }
        case "pipe", "pipe2", "socketpair":
            guard call.result == 0, let list = call.arguments.split(separator: "[").last else { return }
            for number in list.split(separator: ", ").compactMap({ Int($0.prefix { $0.isNumber }) }) {
                if closesOnExec { table.remove(number) } else { table.insert(number) }
            }
        default: return
        }
    }
}

// MARK: - Paths

extension SystemCallTrace {
    private static let resolving: Set<Substring> = [
        "open", "openat", "openat2", "open_tree", "stat", "lstat", "newfstatat", "statx", "access", "faccessat",
        "faccessat2",
        "readlink", "readlinkat", "chdir", "chmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchownat", "mount",
        "move_mount", "mount_setattr", "execve", "execveat", "umount2", "utimensat", "truncate",
    ]

    /// How often each path below a container's root was resolved by name to something, in the order of the first time.
    ///
    /// - Parameter process: the one that has the root as a descriptor; what it opens relative to any descriptor lies below
    ///   it, and absolute paths do once it has changed its root.
    static func resolutions(by process: Substring, in calls: [Call]) -> [(path: String, lines: [Substring])] {
        var result: [(path: String, lines: [Substring])] = []
        var hasRoot = false
        for call in calls where call.process == process && call.result.map({ $0 >= 0 }) ?? false {
            if call.name == "pivot_root" { hasRoot = true }
            guard resolving.contains(call.name), let path = path(of: call, hasRoot: hasRoot) else { continue }
            if let index = result.firstIndex(where: { $0.path == path }) {
                result[index].lines.append(call.line)
            } else {
                result.append((path, [call.line]))
            }
        }
        return result
    }

    /// The path that a call resolves, from the root; nil when it works on a descriptor, or outside.
    private static func path(of call: Call, hasRoot: Bool) -> String? {
        // name(directory<its path>, "path", …) or name("path", …)
        let parts = call.arguments.split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[1].isEmpty else { return nil }
        let directory = parts[0]
        let isRelative = directory.contains("<") && !directory.hasPrefix("AT_FDCWD")
        guard isRelative || (hasRoot && parts[1].hasPrefix("/")) else { return nil }
        var base = ""
        // Below the root's own descriptor an absolute path starts there (RESOLVE_IN_ROOT).
        if isRelative, !parts[1].hasPrefix("/"), let start = directory.firstIndex(of: "<"),
            let end = directory.lastIndex(of: ">")
        {
            base = String(directory[directory.index(after: start)..<end])
        }
        let names = "\(base)/\(parts[1])".split(separator: "/").filter { $0 != "." }
        return "/" + names.joined(separator: "/")
    }
}
