/// A classic BPF program for seccomp(2) under construction.
struct FilterProgram {
    /// One `struct sock_filter` (`linux/filter.h`): 8 bytes in the machine's order.
    struct Instruction: Hashable {
        var code: UInt16
        var ifTrue: UInt8 = 0
        var ifFalse: UInt8 = 0
        var operand: UInt32

        /// Loads the word at `offset` of `struct seccomp_data` into the accumulator.
        static func load(_ offset: UInt32) -> Instruction { Instruction(code: 0x20, operand: offset) }
        /// Masks the accumulator.
        static func and(_ mask: UInt32) -> Instruction { Instruction(code: 0x54, operand: mask) }
        /// Skips `count` instructions.
        static func skip(_ count: Int) -> Instruction { Instruction(code: 0x05, operand: UInt32(count)) }
        /// Ends the program.
        static func answer(_ action: SeccompAction) -> Instruction {
            Instruction(code: 0x06, operand: action.rawValue)
        }
        /// Compares the accumulator and skips `yes` or `no` instructions.
        static func compare(_ comparison: Comparison, _ value: UInt32, yes: Int = 0, no: Int = 0) -> Instruction {
            Instruction(code: comparison.rawValue, ifTrue: UInt8(yes), ifFalse: UInt8(no), operand: value)
        }
    }

    /// What a conditional jump asks about the accumulator.
    enum Comparison: UInt16 {
        case equal = 0x15
        case greater = 0x25
        case greaterOrEqual = 0x35
    }

    /// The most instructions that the kernel takes (`BPF_MAXINSNS`).
    static let longest = 4096
    /// The size of one instruction in bytes.
    static let instructionSize = 8
    /// Offsets in `struct seccomp_data`.
    static let numberOffset: UInt32 = 0
    static let architectureOffset: UInt32 = 4

    /// The low and the high half of an argument, which is one 64-bit word in the machine's order (little endian on
    /// every machine that Nestbox runs on).
    static func argumentOffset(_ index: UInt32) -> (low: UInt32, high: UInt32) {
        (16 + 8 * index, 20 + 8 * index)
    }

    var instructions: [Instruction] = []

    /// The instructions as the kernel reads them.
    var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(instructions.count * Self.instructionSize)
        for instruction in instructions {
            withUnsafeBytes(of: instruction.code) { result.append(contentsOf: $0) }
            result.append(instruction.ifTrue)
            result.append(instruction.ifFalse)
            withUnsafeBytes(of: instruction.operand) { result.append(contentsOf: $0) }
        }
        return result
    }
}
