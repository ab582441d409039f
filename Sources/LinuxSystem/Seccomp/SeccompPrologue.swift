internal import Glibc
internal import OCISpec

/// Instructions in front of libseccomp's program, for what libseccomp cannot express.
///
/// First, calls that are newer than the profile fail with ENOSYS rather than with the default action: programs try a new
/// call and fall back on ENOSYS, but take EPERM for a final answer. "Newer" means above the highest number that the
/// profile is about, for each ABI, as in runc. Second, rules about calls that libseccomp has no name for, or gets wrong. Third,
/// calls whose answer does not depend on their arguments, which it compares with one by one: that is nearly all of a profile.
/// Everything else goes on to the program that follows.
struct SeccompPrologue {
    /// What is known about one ABI.
    struct Interface {
        var architecture: SeccompArchitecture
        /// Every number, without the ABI's bias, that the profile is about.
        var numbers: Set<UInt32> = []
        /// The rules for calls that are not left to libseccomp, by number.
        var rules: [UInt32: [SeccompRule]] = [:]
    }

    var interfaces: [Interface]
    /// Whether newer calls fail with ENOSYS.
    var refusesNewer: Bool

    /// The instructions; empty when there is nothing to do.
    var instructions: [FilterProgram.Instruction] {
        let sections = Dictionary(grouping: interfaces, by: \.architecture.auditToken)
            .sorted { $0.key > $1.key }
            .map { (token: $0.key, code: section($0.value)) }
        guard sections.contains(where: { !$0.code.isEmpty }) else { return [] }
        var code: [FilterProgram.Instruction] = [.load(FilterProgram.architectureOffset)]
        for section in sections where !section.code.isEmpty {
            code.append(.compare(.equal, section.token, yes: 1))
            code.append(.skip(section.code.count))
            code += section.code
        }
        return Self.resolvingExits(code)
    }

    /// The code for the ABIs of one audit token: x86_64 shares its own with x32.
    private func section(_ interfaces: [Interface]) -> [FilterProgram.Instruction] {
        let plain = interfaces.first { $0.architecture != .x32 }.map(body) ?? []
        let x32 = interfaces.first { $0.architecture == .x32 }.map(body) ?? []
        guard !plain.isEmpty || !x32.isEmpty else { return [] }
        var code: [FilterProgram.Instruction] = [.load(FilterProgram.numberOffset)]
        if interfaces.contains(where: { [.x86_64, .x32].contains($0.architecture) }) {
            code.append(.compare(.greaterOrEqual, SeccompArchitecture.x32Bit, no: 1))
            code.append(.skip(plain.count + 1))
            code += plain + [Self.exit] + x32 + [Self.exit]
        } else {
            code += plain + [Self.exit]
        }
        return code
    }

    /// The code for one ABI; the accumulator holds the call's number.
    private func body(_ interface: Interface) -> [FilterProgram.Instruction] {
        let bias = interface.architecture.numberBias
        var code: [FilterProgram.Instruction] = []
        for range in refusesNewer ? Self.newer(than: interface) : [] {
            let upper = range.upperBound == .max ? nil : range.upperBound
            code.append(.compare(.greaterOrEqual, range.lowerBound + bias, no: upper == nil ? 1 : 2))
            if let upper { code.append(.compare(.greaterOrEqual, upper + bias, yes: 1)) }
            code.append(.answer(.errno(ENOSYS)))
        }
        guard !interface.rules.isEmpty else { return code }
        return code + Self.tree(Self.leaves(of: interface)[...])
    }

    /// What begins at a number, without the ABI's bias, and goes on to the next leaf's.
    private typealias Leaf = (start: UInt32, code: [FilterProgram.Instruction])

    private static func leaves(of interface: Interface) -> [Leaf] {
        let bias = interface.architecture.numberBias
        var leaves: [Leaf] = []
        var next: UInt32 = 0
        for run in runs(of: interface.rules) {
            if run.numbers.lowerBound > next { leaves.append((next + bias, [exit])) }
            let isPlain = run.rules.allSatisfy(\.conditions.isEmpty)
            let code = isPlain ? [.answer(run.rules[0].action)] : run.rules.flatMap(Self.code) + [exit]
            leaves.append((run.numbers.lowerBound + bias, code))
            next = run.numbers.upperBound + 1
        }
        return leaves + [(next + bias, [exit])]
    }

    /// Finds the leaf of the number in the accumulator in as few comparisons as there can be.
    ///
    /// Half the leaves of a profile are runs of many numbers: the program is a quarter of one that compares with each, and the
    /// kernel translates it, and checks every number against it, at each start.
    private static func tree(_ leaves: ArraySlice<Leaf>) -> [FilterProgram.Instruction] {
        guard leaves.count > 1 else { return leaves.first?.code ?? [] }
        let middle = leaves.startIndex + leaves.count / 2
        let lower = tree(leaves[..<middle])
        let upper = tree(leaves[middle...])
        let start = leaves[middle].start
        // A conditional jump reaches 255 instructions.
        guard lower.count > 255 else { return [.compare(.greaterOrEqual, start, yes: lower.count)] + lower + upper }
        return [.compare(.greaterOrEqual, start, no: 1), .skip(lower.count)] + lower + upper
    }

    /// The half-open ranges of numbers that are newer than all that the profile is about.
    private static func newer(than interface: Interface) -> [Range<UInt32>] {
        guard let highest = interface.numbers.max() else { return [] }
        guard let special = interface.architecture.specialNumbers else { return [highest + 1..<UInt32.max] }
        let common = interface.numbers.filter { $0 < special }.max()
        return (common.map { [$0 + 1..<special] } ?? []) + [max(highest + 1, special)..<UInt32.max]
    }

    /// Neighbouring numbers with one and the same unconditional action, and single numbers with conditions.
    private static func runs(
        of rules: [UInt32: [SeccompRule]]
    ) -> [(numbers: ClosedRange<UInt32>, rules: [SeccompRule])] {
        var runs: [(numbers: ClosedRange<UInt32>, rules: [SeccompRule])] = []
        for (number, all) in rules.sorted(by: { $0.key < $1.key }) {
            // As in libseccomp, a rule without conditions decides, whichever others there are.
            let own = all.first { $0.conditions.isEmpty }.map { [$0] } ?? all
            if let last = runs.last, last.numbers.upperBound + 1 == number, own[0].conditions.isEmpty,
                last.rules[0].conditions.isEmpty, last.rules[0].action == own[0].action
            {
                runs[runs.count - 1].numbers = last.numbers.lowerBound...number
            } else {
                runs.append((number...number, own))
            }
        }
        return runs
    }

    /// One conditional rule: answers when every condition holds, otherwise goes on behind itself.
    private static func code(_ rule: SeccompRule) -> [FilterProgram.Instruction] {
        var code: [FilterProgram.Instruction] = [.answer(rule.action)]
        for condition in rule.conditions.reversed() {
            code = check(condition, failure: code.count) + code
        }
        return code
    }

    /// One condition: goes on behind itself when it holds, otherwise skips `failure` instructions more.
    ///
    /// Arguments are 64 bits wide and the machine compares 32 at a time, the high half first.
    private static func check(_ condition: SeccompRule.Argument, failure: Int) -> [FilterProgram.Instruction] {
        let offset = FilterProgram.argumentOffset(condition.index)
        let high = UInt32(truncatingIfNeeded: condition.value >> 32)
        let low = UInt32(truncatingIfNeeded: condition.value)
        switch condition.op {
        case .equal:
            return [
                .load(offset.high), .compare(.equal, high, no: 2 + failure),
                .load(offset.low), .compare(.equal, low, no: failure),
            ]
        case .notEqual:
            return [
                .load(offset.high), .compare(.equal, high, no: 2),
                .load(offset.low), .compare(.equal, low, yes: failure),
            ]
        case .greater, .greaterOrEqual:
            return [
                .load(offset.high), .compare(.greater, high, yes: 3), .compare(.equal, high, no: 2 + failure),
                .load(offset.low),
                .compare(condition.op == .greater ? .greater : .greaterOrEqual, low, no: failure),
            ]
        case .less, .lessOrEqual:
            return [
                .load(offset.high), .compare(.greater, high, yes: 3 + failure), .compare(.equal, high, no: 2),
                .load(offset.low),
                .compare(condition.op == .less ? .greaterOrEqual : .greater, low, yes: failure),
            ]
        case .maskedEqual:
            return [
                .load(offset.high), .and(high),
                .compare(.equal, UInt32(truncatingIfNeeded: condition.valueTwo >> 32), no: 3 + failure),
                .load(offset.low), .and(low),
                .compare(.equal, UInt32(truncatingIfNeeded: condition.valueTwo), no: failure),
            ]
        }
    }

    /// Stands for a jump to the end of the prologue, until the end is known.
    private static let exit = FilterProgram.Instruction(code: .max, operand: 0)

    private static func resolvingExits(_ code: [FilterProgram.Instruction]) -> [FilterProgram.Instruction] {
        code.enumerated().map { index, instruction in
            instruction == exit ? .skip(code.count - index - 1) : instruction
        }
    }
}
