/// The kernel's classic BPF machine, as far as seccomp filters use it (`kernel/bpf`, `seccomp_check_filter`).
struct FilterInterpreter {
    /// The fields of `struct seccomp_data`.
    struct Call {
        var number: UInt32
        var architecture: UInt32
        var arguments: [UInt64] = []
    }

    private var instructions: [(code: UInt16, yes: Int, no: Int, operand: UInt32)] = []

    /// Takes a program apart; nil when the kernel would refuse it.
    init?(_ program: [UInt8]) {
        guard program.count % 8 == 0, !program.isEmpty, program.count / 8 <= 4096 else { return nil }
        for start in stride(from: 0, to: program.count, by: 8) {
            let code = UInt16(program[start]) | UInt16(program[start + 1]) << 8
            let operand = program[start + 4..<start + 8].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            instructions.append((code, Int(program[start + 2]), Int(program[start + 3]), operand))
        }
        for (index, instruction) in instructions.enumerated() {
            let left = instructions.count - index - 1
            switch instruction.code {
            case 0x20: guard instruction.operand % 4 == 0, instruction.operand < 64 else { return nil }
            case 0x05: guard Int(instruction.operand) < left else { return nil }
            case 0x15, 0x25, 0x35, 0x45:
                guard instruction.yes < left, instruction.no < left else { return nil }
            case 0x54, 0x06: break
            default: return nil
            }
        }
        guard instructions.last?.code == 0x06 else { return nil }
    }

    /// What the filter answers, and how many instructions that took.
    func answer(to call: Call) -> (action: UInt32, steps: Int) {
        var data = [call.number, call.architecture, 0, 0]
        for index in 0..<6 {
            let argument = index < call.arguments.count ? call.arguments[index] : 0
            data += [UInt32(truncatingIfNeeded: argument), UInt32(truncatingIfNeeded: argument >> 32)]
        }
        var accumulator: UInt32 = 0
        var place = 0
        var steps = 0
        while true {
            let (code, yes, no, operand) = instructions[place]
            place += 1
            steps += 1
            switch code {
            case 0x20: accumulator = data[Int(operand / 4)]
            case 0x54: accumulator &= operand
            case 0x05: place += Int(operand)
            case 0x15: place += accumulator == operand ? yes : no
            case 0x25: place += accumulator > operand ? yes : no
            case 0x35: place += accumulator >= operand ? yes : no
            case 0x45: place += accumulator & operand != 0 ? yes : no
            default: return (operand, steps)
            }
        }
    }
}
