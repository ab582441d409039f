internal import CLinux
internal import Glibc
public import OCISpec

extension Cgroup {
    /// The devices that the OCI specification gives every container; everything else is denied.
    ///
    /// Device nodes may be made, which opens nothing. The devices are null, zero, full, random, urandom, tty, ptmx and the container's own terminals.
    public static let defaultDeviceRules: [RuntimeSpecification.Linux.Resources.DeviceRule] =
        [
            .init(allow: false, type: .all, access: "rwm"),
            .init(allow: true, type: .character, access: "m"),
            .init(allow: true, type: .block, access: "m"),
        ]
        + [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2)].map {
            .init(allow: true, type: .character, major: $0.0, minor: $0.1, access: "rwm")
        } + [.init(allow: true, type: .character, major: 136, access: "rwm")]

    /// Restricts the devices of a cgroup that was made without rules.
    ///
    /// The kernel checks and translates the program, which takes as long as making the cgroup: a new process may be prepared
    /// meanwhile, if it executes nothing before.
    /// - Throws: `CgroupError`.
    public func restrictDevices(
        _ rules: [RuntimeSpecification.Linux.Resources.DeviceRule]
    ) throws(CgroupError) {
        guard !rules.isEmpty else { return }
        let program = try DeviceProgram(rules)
        guard !program.allowsEverything else { return }
        try attach(program, to: CgroupFolder(try openUnified(), path: unifiedPath, cgroup: path))
    }

    /// Attaches the program to the unified cgroup in the place of all that are attached to it already.
    ///
    /// One that allows
    /// everything is not attached; the others go all the same.
    func attach(_ program: DeviceProgram, to folder: borrowing CgroupFolder) throws(CgroupError) {
        let cgroup = folder.descriptor.rawValue
        let former = try attachedPrograms(folder)
        if program.allowsEverything {
            return try detach(former, from: folder)
        }
        let loaded = try load(program)
        if former.count == 1 {
            // In one step: no moment without a program.
            let old = try open(program: former[0])
            return try check(nb_bpf_device_attach(cgroup, loaded.rawValue, old.rawValue), "replace")
        }
        try check(nb_bpf_device_attach(cgroup, loaded.rawValue, -1), "attach")
        try detach(former, from: folder)
    }

    private func detach(_ programs: [UInt32], from folder: borrowing CgroupFolder) throws(CgroupError) {
        for id in programs {
            let program = try open(program: id)
            try check(nb_bpf_device_detach(folder.descriptor.rawValue, program.rawValue), "detach")
        }
    }

    private func load(_ program: DeviceProgram) throws(CgroupError) -> FileDescriptor {
        let instructions = program.instructions
        let number = nb_bpf_device_load(instructions, UInt32(instructions.count))
        if number >= 0 { return FileDescriptor(owning: number) }
        let errno = Errno(-number)
        var hint: String?
        switch errno {
        case .notPermitted: hint = "CAP_BPF or CAP_SYS_ADMIN is needed; run as root"
        case Errno(ENOMEM): hint = "raise the limit of locked memory (ulimit -l)"
        case .invalidArgument, .accessDenied:
            let log = String(unsafeUninitializedCapacity: 65_536) { buffer in
                buffer.withMemoryRebound(to: CChar.self) {
                    guard let base = $0.baseAddress else { return 0 }
                    let second = nb_bpf_device_explain(
                        instructions, UInt32(instructions.count), base, UInt32($0.count))
                    if second >= 0 { close(second) }
                    return strlen(base)
                }
            }
            hint = log.split(separator: "\n").last.map { "the verifier says: \($0)" }
        default: break
        }
        throw .deviceProgram(operation: "load", cgroup: path, errno: errno, hint: hint)
    }

    private func attachedPrograms(_ folder: borrowing CgroupFolder) throws(CgroupError) -> [UInt32] {
        var ids = [UInt32](repeating: 0, count: 64)
        let count = nb_bpf_device_attached(folder.descriptor.rawValue, &ids, UInt32(ids.count))
        try check(count, "list")
        return Array(ids.prefix(Int(count)))
    }

    private func open(program id: UInt32) throws(CgroupError) -> FileDescriptor {
        let number = nb_bpf_device_open(id)
        try check(number, "open")
        return FileDescriptor(owning: number)
    }

    private func check(_ result: Int32, _ operation: String) throws(CgroupError) {
        guard result < 0 else { return }
        throw .deviceProgram(
            operation: operation, cgroup: path, errno: Errno(-result),
            hint: Errno(-result) == .notPermitted ? "CAP_SYS_ADMIN is needed; run as root" : nil)
    }
}
