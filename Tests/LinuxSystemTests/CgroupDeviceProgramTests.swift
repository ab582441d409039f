import OCISpec
import Testing

@testable import LinuxSystem

private typealias Rule = RuntimeSpecification.Linux.Resources.DeviceRule

/// One question of the kernel: BPF_DEVCG_ACC_* bits, 1 for block or 2 for character, device numbers.
private struct DeviceQuestion: CustomStringConvertible {
    var access: UInt32
    var type: UInt32
    var major: UInt32
    var minor: UInt32

    var description: String { "access \(access), type \(type), \(major):\(minor)" }
}

/// Runs the part of BPF that device programs use, by the book: any other instruction, a read outside the context, a
/// leap out of the program or backwards, and a register that was never set are all errors.
private func interpret(_ program: [UInt64], _ question: DeviceQuestion) throws -> Bool {
    struct Fault: Error { let text: String }
    let context: [Int: UInt32] = [0: question.access << 16 | question.type, 4: question.major, 8: question.minor]
    var registers: [Int: UInt64] = [:]
    var position = 0
    while position < program.count {
        let word = program[position]
        let code = UInt8(truncatingIfNeeded: word)
        let destination = Int(word >> 8 & 0xf)
        let source = Int(word >> 12 & 0xf)
        let offset = Int(Int16(truncatingIfNeeded: word >> 16))
        let value = UInt32(truncatingIfNeeded: word >> 32)
        position += 1
        func read(_ register: Int) throws -> UInt32 {
            guard let value = registers[register] else { throw Fault(text: "r\(register) is not set") }
            return UInt32(truncatingIfNeeded: value)
        }
        func leap() throws {
            guard offset >= 0, position + offset < program.count else { throw Fault(text: "leap by \(offset)") }
            position += offset
        }
        switch code {
        case 0x61:
            guard source == 1, let loaded = context[offset] else { throw Fault(text: "load of \(offset)") }
            registers[destination] = UInt64(loaded)
        case 0xbc: registers[destination] = UInt64(try read(source))
        case 0xb4: registers[destination] = UInt64(value)
        case 0x54: registers[destination] = UInt64(try read(destination) & value)
        case 0x74: registers[destination] = UInt64(try read(destination) >> value)
        case 0x05: try leap()
        case 0x16: if try read(destination) == value { try leap() }
        case 0x56: if try read(destination) != value { try leap() }
        case 0x95:
            let result = try read(0)
            guard result <= 1 else { throw Fault(text: "answer \(result)") }
            return result == 1
        default: throw Fault(text: "instruction \(code)")
        }
    }
    throw Fault(text: "no exit")
}

/// What the rules mean: each kind of access by itself, the last rule that fits decides, otherwise no.
private func oracle(_ rules: [Rule], _ question: DeviceQuestion) -> Bool {
    for (bit, letter) in [(UInt32(1), Character("m")), (2, "r"), (4, "w")] where question.access & bit != 0 {
        let last = rules.last { rule in
            matches(rule, question) && ((rule.access ?? "").isEmpty || (rule.access ?? "").contains(letter))
        }
        if last?.allow != true { return false }
    }
    return true
}

private func matches(_ rule: Rule, _ question: DeviceQuestion) -> Bool {
    (rule.type == .all || rule.type == (question.type == 1 ? .block : .character))
        && (rule.major ?? -1 == -1 || rule.major == Int64(question.major))
        && (rule.minor ?? -1 == -1 || rule.minor == Int64(question.minor))
}

/// The same numbers on every run (SplitMix64).
private struct FixedGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

@Suite("Device programs")
struct CgroupDeviceProgramTests {
    @Test func defaultRules() throws {
        let program = try DeviceProgram(Cgroup.defaultDeviceRules).instructions
        func ask(_ access: UInt32, _ type: UInt32, _ major: UInt32, _ minor: UInt32) throws -> Bool {
            try interpret(program, DeviceQuestion(access: access, type: type, major: major, minor: minor))
        }
        #expect(try ask(6, 2, 1, 3), "/dev/null")
        #expect(try ask(6, 2, 136, 77), "a terminal")
        #expect(try !ask(6, 2, 1, 1), "/dev/mem")
        #expect(try !ask(2, 1, 8, 0), "a disk")
        #expect(try ask(1, 1, 8, 0), "its node may be made")
        #expect(try !ask(2, 2, 10, 200), "/dev/net/tun")
        // What the kernel takes to check it goes with this; a question for each rule by itself were twice as many.
        let leaps: Set<UInt8> = [0x05, 0x16, 0x56]
        #expect(program.count { leaps.contains(UInt8(truncatingIfNeeded: $0)) } <= 20)
    }

    @Test func laterRulesWinForEachAccess() throws {
        let program = try DeviceProgram([
            .init(allow: true, type: .character, major: 1, access: "r"),
            .init(allow: true, type: .character, major: 1, minor: 5, access: "w"),
            .init(allow: false, type: .character, major: 1, minor: 7),
        ]).instructions
        func ask(_ access: UInt32, _ minor: UInt32) throws -> Bool {
            try interpret(program, DeviceQuestion(access: access, type: 2, major: 1, minor: minor))
        }
        #expect(try ask(6, 5), "two rules together allow reading and writing")
        #expect(try !ask(6, 3))
        #expect(try ask(2, 3))
        #expect(try !ask(2, 7))
    }

    @Test func everythingAllowedNeedsNoProgram() throws {
        #expect(try DeviceProgram([.init(allow: false), .init(allow: true)]).allowsEverything)
        #expect(try !DeviceProgram([.init(allow: true), .init(allow: false, type: .block)]).allowsEverything)
        #expect(try !DeviceProgram([.init(allow: true, access: "rw")]).allowsEverything)
        #expect(try !DeviceProgram([]).allowsEverything, "no rule allows anything")
    }

    @Test func wrongRulesAreRefused() {
        for rule in [
            Rule(allow: true, access: "rx"), .init(allow: true, major: -2), .init(allow: true, minor: 1 << 32),
        ] {
            #expect(throws: CgroupError.self) { try DeviceProgram([rule]) }
        }
        #expect(throws: CgroupError.self) {
            try DeviceProgram(Array(repeating: Rule(allow: true, type: .block), count: 5000))
        }
    }

    /// 1000 random lists of rules, asked everything that is worth asking.
    @Test func agreesWithTheOracle() throws {
        var generator = FixedGenerator(state: 20_261_125)
        let accesses: [String?] = [nil, "", "r", "w", "m", "rw", "rm", "wm", "rwm", "wr"]
        let majors: [Int64?] = [nil, -1, 1, 2, 0xffff_ffff]
        let minors: [Int64?] = [nil, -1, 0, 3, 0x8000_0000]
        for _ in 0..<1000 {
            var rules: [Rule] = []
            for _ in 0..<Int.random(in: 0...12, using: &generator) {
                var rule = Rule(
                    allow: Bool.random(using: &generator),
                    type: Rule.Kind.allCases.randomElement(using: &generator) ?? .all,
                    major: majors.randomElement(using: &generator) ?? nil,
                    minor: minors.randomElement(using: &generator) ?? nil,
                    access: accesses.randomElement(using: &generator) ?? nil)
                // Most say the same as the one before of another device, often of one kind and one major number.
                if let last = rules.last, Int.random(in: 0...3, using: &generator) > 0 {
                    (rule.allow, rule.access) = (last.allow, last.access)
                    if Bool.random(using: &generator) { rule.type = last.type }
                    if Bool.random(using: &generator) { rule.major = last.major }
                }
                rules.append(rule)
            }
            let program = try DeviceProgram(rules)
            for access in UInt32(0)...7 {
                for type in UInt32(1)...2 {
                    for major in [UInt32(1), 2, 9, 0xffff_ffff] {
                        for minor in [UInt32(0), 3, 0x8000_0000] {
                            let question = DeviceQuestion(access: access, type: type, major: major, minor: minor)
                            let answer = try interpret(program.instructions, question)
                            guard answer == oracle(rules, question), answer || !program.allowsEverything else {
                                Issue.record("\(question): the program says \(answer) for \(rules)")
                                return
                            }
                        }
                    }
                }
            }
        }
    }
}
