internal import OCISpec

/// What a profile says about one system call: an action and conditions that must all hold.
struct SeccompRule {
    typealias Argument = RuntimeSpecification.Linux.Seccomp.Argument

    var syscall: String
    var action: SeccompAction
    var conditions: [Argument]
    /// Where the rule stands in the profile, for errors.
    var index: Int

    /// The rules of a profile, one for each name.
    ///
    /// Several conditions on one argument of one entry mean that any of them suffices, as runc reads them: such an entry
    /// becomes one rule for each condition. Conditions on different arguments must all hold.
    /// - Throws: `SeccompError.invalidMember`.
    static func rules(of profile: RuntimeSpecification.Linux.Seccomp) throws(SeccompError) -> [SeccompRule] {
        var rules: [SeccompRule] = []
        for (index, entry) in profile.syscalls.enumerated() {
            let action = try SeccompAction(
                entry.action, errnoRet: entry.errnoRet, path: "syscalls[\(index)].errnoRet")
            var arguments: UInt32 = 0
            var isAlternative = false
            for (position, argument) in entry.args.enumerated() {
                guard argument.index < 6 else {
                    throw .invalidMember(
                        path: "syscalls[\(index)].args[\(position)].index",
                        reason: "\(argument.index) is no argument; system calls have 0 to 5")
                }
                isAlternative = isAlternative || arguments & 1 << argument.index != 0
                arguments |= 1 << argument.index
            }
            for (position, name) in entry.names.enumerated() {
                guard !name.isEmpty, !name.utf8.contains(0) else {
                    throw .invalidMember(
                        path: "syscalls[\(index)].names[\(position)]", reason: "a system call's name may not be empty")
                }
                if isAlternative {
                    for argument in entry.args {
                        rules.append(
                            SeccompRule(syscall: name, action: action, conditions: [argument], index: index))
                    }
                } else {
                    rules.append(SeccompRule(syscall: name, action: action, conditions: entry.args, index: index))
                }
            }
        }
        return rules
    }

    /// Each rule once, where it comes first.
    static func distinct(_ rules: [SeccompRule]) -> [SeccompRule] {
        struct Content: Hashable {
            var syscall: String
            var action: SeccompAction
            var conditions: [Argument]
        }
        var seen: Set<Content> = []
        return rules.filter { rule in
            let content = Content(syscall: rule.syscall, action: rule.action, conditions: rule.conditions)
            return seen.insert(content).inserted
        }
    }
}
