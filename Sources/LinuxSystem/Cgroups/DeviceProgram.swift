internal import OCISpec

/// A BPF program of type `BPF_PROG_TYPE_CGROUP_DEVICE` that decides about device access as OCI device rules say.
///
/// Later rules override earlier ones, for each kind of access (read, write, mknod) by itself; what no rule names is
/// denied. The program asks the rules in reverse and keeps the set of accesses that no rule has allowed yet.
struct DeviceProgram: Sendable, Hashable {
    /// The instructions, as in `struct bpf_insn`.
    let instructions: [UInt64]
    /// Whether it allows everything, so that it need not be attached.
    let allowsEverything: Bool

    typealias Rule = RuntimeSpecification.Linux.Resources.DeviceRule

    /// More rules than anybody writes; the verifier takes a million steps, a rule is at most thirteen instructions.
    private static let ruleLimit = 4096

    /// Compiles rules.
    ///
    /// - Throws: `CgroupError.invalidResource` for an unknown access letter or an impossible device number.
    init(_ rules: [Rule]) throws(CgroupError) {
        guard rules.count <= Self.ruleLimit else {
            throw .invalidResource(
                "devices", value: "\(rules.count) rules", reason: "there may be at most \(Self.ruleLimit)")
        }
        var assembler = DeviceAssembler()
        assembler.begin()
        var decision: Bool?
        var emitted = 0
        for rule in rules.reversed() {
            let access = try Self.access(rule.access)
            let major = try Self.number(rule.major, "devices.major")
            let minor = try Self.number(rule.minor, "devices.minor")
            if rule.type == .all, major == nil, minor == nil, access == DeviceAssembler.allAccess {
                // Nothing before such a rule counts.
                decision = rule.allow
                break
            }
            assembler.append(allow: rule.allow, type: rule.type, major: major, minor: minor, access: access)
            emitted += 1
        }
        assembler.end(allow: decision ?? false)
        instructions = assembler.instructions
        allowsEverything = emitted == 0 && decision == true
    }

    private static func access(_ text: String?) throws(CgroupError) -> UInt32 {
        guard let text, !text.isEmpty else { return DeviceAssembler.allAccess }
        var result: UInt32 = 0
        for letter in text.utf8 {
            switch letter {
            case UInt8(ascii: "m"): result |= 1
            case UInt8(ascii: "r"): result |= 2
            case UInt8(ascii: "w"): result |= 4
            default: throw .invalidResource("devices.access", value: "\"\(text)\"", reason: "use letters of rwm")
            }
        }
        return result
    }

    /// Nil for any number, which JSON writers also spell -1.
    private static func number(_ value: Int64?, _ name: String) throws(CgroupError) -> UInt32? {
        guard let value, value != -1 else { return nil }
        guard let number = UInt32(exactly: value) else {
            throw .invalidResource(name, value: String(value), reason: "a device number has 32 bits")
        }
        return number
    }
}

/// Writes the program's instructions.
private struct DeviceAssembler {
    /// `BPF_DEVCG_ACC_MKNOD | _READ | _WRITE`.
    static let allAccess: UInt32 = 7

    private(set) var instructions: [UInt64] = []

    /// r1 is the context; r2 holds the access that is still undecided; r0 is loaded anew for every question, since what
    /// the verifier learns of a register on one branch would make it walk all later rules once more for that branch.
    private enum Register: UInt64 {
        case result = 0
        case context, access
    }

    /// Operation codes of linux/bpf.h that are used.
    private enum Code: UInt64 {
        /// BPF_LDX | BPF_MEM | BPF_W
        case load = 0x61
        /// BPF_ALU | BPF_MOV | BPF_X
        case move = 0xbc
        /// BPF_ALU | BPF_MOV | BPF_K
        case set = 0xb4
        /// BPF_ALU | BPF_AND | BPF_K
        case and = 0x54
        /// BPF_ALU | BPF_RSH | BPF_K
        case shiftRight = 0x74
        /// BPF_JMP32 | BPF_JEQ | BPF_K
        case jumpIfEqual = 0x16
        /// BPF_JMP32 | BPF_JNE | BPF_K
        case jumpIfDifferent = 0x56
        /// BPF_JMP | BPF_EXIT
        case exit = 0x95
    }

    /// code:8, destination:4, source:4, offset:16, immediate:32, from the lowest bits up on a little-endian machine.
    private mutating func emit(
        _ code: Code, _ destination: Register = .result, source: Register = .result, offset: Int = 0,
        value: UInt32 = 0
    ) {
        instructions.append(
            code.rawValue | destination.rawValue << 8 | source.rawValue << 12
                | UInt64(UInt16(truncatingIfNeeded: offset)) << 16 | UInt64(value) << 32)
    }

    private mutating func answer(_ allow: Bool) {
        emit(.set, .result, value: allow ? 1 : 0)
        emit(.exit)
    }

    /// `struct bpf_cgroup_dev_ctx`: access << 16 | type, major, minor, each of 32 bits.
    mutating func begin() {
        emit(.load, .access, source: .context, offset: 0)
        emit(.shiftRight, .access, value: 16)
        // Nothing asked (an existence check), nothing denied.
        emit(.jumpIfDifferent, .access, offset: 2, value: 0)
        answer(true)
    }

    mutating func append(
        allow: Bool, type: RuntimeSpecification.Linux.Resources.DeviceRule.Kind, major: UInt32?, minor: UInt32?,
        access: UInt32
    ) {
        // Where the leap to the next rule stands whose length is not known yet.
        var leaps: [Int] = []
        func condition(_ assembler: inout DeviceAssembler, offset: Int, mask: UInt32?, _ value: UInt32) {
            assembler.emit(.load, .result, source: .context, offset: offset)
            if let mask { assembler.emit(.and, .result, value: mask) }
            leaps.append(assembler.instructions.count)
            assembler.emit(.jumpIfDifferent, .result, value: value)
        }
        switch type {
        case .all: break
        case .block: condition(&self, offset: 0, mask: 0xffff, 1)
        case .character: condition(&self, offset: 0, mask: 0xffff, 2)
        }
        if let major { condition(&self, offset: 4, mask: nil, major) }
        if let minor { condition(&self, offset: 8, mask: nil, minor) }
        if allow {
            emit(.and, .access, value: Self.allAccess & ~access)
            emit(.jumpIfDifferent, .access, offset: 2, value: 0)
            answer(true)
        } else {
            emit(.move, .result, source: .access)
            emit(.and, .result, value: access)
            emit(.jumpIfEqual, .result, offset: 2, value: 0)
            answer(false)
        }
        for position in leaps {
            instructions[position] |= UInt64(UInt16(instructions.count - position - 1)) << 16
        }
    }

    mutating func end(allow: Bool) {
        answer(allow)
    }
}
