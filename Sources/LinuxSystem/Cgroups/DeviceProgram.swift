internal import OCISpec

/// A BPF program of type `BPF_PROG_TYPE_CGROUP_DEVICE` that decides about device access as OCI device rules say.
///
/// Later rules override earlier ones, for each kind of access (read, write, mknod) by itself; what no rule names is
/// denied. The program asks the rules in reverse and keeps the set of accesses that no rule has allowed yet. Of rules in a row that
/// decide the same for several devices it asks each kind and each major number once: the verifier's time is that of its leaps.
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
        var decided = DecidedDevices(allow: false, access: 0)
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
            if rule.allow != decided.allow || access != decided.access {
                assembler.append(decided)
                decided = DecidedDevices(allow: rule.allow, access: access)
            }
            decided.devices.append(.init(kind: rule.type, major: major, minor: minor))
            emitted += 1
        }
        assembler.append(decided)
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

/// Devices of which rules in a row say the same.
private struct DecidedDevices {
    struct Device {
        let kind: RuntimeSpecification.Linux.Resources.DeviceRule.Kind
        /// Nil: any.
        let major, minor: UInt32?
    }

    let allow: Bool
    let access: UInt32
    var devices: [Device] = []
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
        /// BPF_JMP | BPF_JA
        case jump = 0x05
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

    /// Asks whether the device is one of these, and what is decided of them.
    mutating func append(_ decided: DecidedDevices) {
        let devices = decided.devices
        guard !devices.isEmpty else { return }
        var hits: [Int] = []
        var miss: Int?
        // Where one of them is any device at all there is nothing to ask.
        if !devices.contains(where: { $0.kind == .all && $0.major == nil && $0.minor == nil }) {
            var index = 0
            while index < devices.count { ask(devices, &index, &hits) }
            miss = leap(.jump)
        }
        for hit in hits { land(hit) }
        if decided.allow {
            emit(.and, .access, value: Self.allAccess & ~decided.access)
            emit(.jumpIfDifferent, .access, offset: 2, value: 0)
        } else {
            emit(.move, .result, source: .access)
            emit(.and, .result, value: decided.access)
            emit(.jumpIfEqual, .result, offset: 2, value: 0)
        }
        answer(decided.allow)
        if let miss { land(miss) }
    }

    /// Asks for the devices of one kind that come next.
    private mutating func ask(_ devices: [DecidedDevices.Device], _ index: inout Int, _ hits: inout [Int]) {
        let kind = devices[index].kind
        var end = index
        var takesAny = false
        while end < devices.count, devices[end].kind == kind {
            if devices[end].major == nil, devices[end].minor == nil { takesAny = true }
            end += 1
        }
        defer { index = end }
        var others: Int?
        if kind != .all {
            emit(.load, .result, source: .context, offset: 0)
            emit(.and, .result, value: 0xffff)
            let value: UInt32 = kind == .block ? 1 : 2
            guard !takesAny else { return hits.append(leap(.jumpIfEqual, value)) }
            others = leap(.jumpIfDifferent, value)
        }
        while index < end { askMajor(devices, &index, end, &hits) }
        if let others { land(others) }
    }

    /// Asks for the devices of one major number that come next, before `end`.
    private mutating func askMajor(
        _ devices: [DecidedDevices.Device], _ index: inout Int, _ end: Int, _ hits: inout [Int]
    ) {
        let major = devices[index].major
        let first = index
        var takesAny = false
        while index < end, devices[index].major == major {
            if devices[index].minor == nil { takesAny = true }
            index += 1
        }
        var others: Int?
        if let major {
            emit(.load, .result, source: .context, offset: 4)
            guard !takesAny else { return hits.append(leap(.jumpIfEqual, major)) }
            others = leap(.jumpIfDifferent, major)
        }
        emit(.load, .result, source: .context, offset: 8)
        for device in devices[first..<index] {
            if let minor = device.minor { hits.append(leap(.jumpIfEqual, minor)) }
        }
        if let others { land(others) }
    }

    /// A leap to where `land` says; returns what to tell it.
    private mutating func leap(_ code: Code, _ value: UInt32 = 0) -> Int {
        emit(code, .result, value: value)
        return instructions.count - 1
    }

    /// Lets a leap end at the next instruction.
    private mutating func land(_ leap: Int) {
        instructions[leap] |= UInt64(UInt16(instructions.count - leap - 1)) << 16
    }

    mutating func end(allow: Bool) {
        answer(allow)
    }
}
