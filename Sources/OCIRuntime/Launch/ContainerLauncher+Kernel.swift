internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// What the kernel lets a process inherit: personality and memory policy; and the offsets of its time namespace.
extension ContainerLauncher {
    func addKernelSettings(to list: inout StepList) throws(LaunchError) {
        if let personality = linux.personality {
            guard personality.flags.isEmpty else {
                throw LaunchError(
                    "cannot use linux.personality.flags: the specification names none; leave them out")
            }
            // personality(2): PER_LINUX and PER_LINUX32.
            let value: UInt64 = personality.domain == .linux ? 0 : 8
            list.add(
                NB_STEP_PERSONALITY, value: value, "set the personality \(personality.domain.rawValue)")
        }
        if let policy = linux.memoryPolicy { try add(policy, to: &list) }
    }

    private func add(
        _ policy: RuntimeSpecification.Linux.MemoryPolicy, to list: inout StepList
    ) throws(LaunchError) {
        // linux/mempolicy.h
        let mode: UInt64 =
            switch policy.mode {
            case .default: 0
            case .preferred: 1
            case .bind: 2
            case .interleave: 3
            case .local: 4
            case .preferredMany: 5
            case .weightedInterleave: 6
            }
        let flags = policy.flags.reduce(UInt64(0)) { flags, flag in
            switch flag {
            case .numaBalancing: flags | 1 << 13
            case .relativeNodes: flags | 1 << 14
            case .staticNodes: flags | 1 << 15
            }
        }
        let nodes = try policy.nodes.map { text throws(LaunchError) in try CPUList.bits(text) } ?? []
        list.add(
            NB_STEP_MEMORY_POLICY, data: nodes, mode: UInt32(nodes.count), value: mode | flags,
            "set the memory policy \(policy.mode.rawValue)")
    }

    /// Says how far the clocks of the container's new time namespace are from the host's.
    func setTimeOffsets(of pid: Int32) throws(LaunchError) {
        guard !linux.timeOffsets.isEmpty else { return }
        let lines = linux.timeOffsets.sorted { $0.key < $1.key }.map { clock, offset in
            "\(clock) \(offset.secs) \(offset.nanosecs)\n"
        }
        do throws(SystemError) {
            let file = try FileDescriptor.open("/proc/\(pid)/timens_offsets", O_WRONLY)
            try file.writeAll(Array(lines.joined().utf8))
        } catch {
            throw LaunchError("cannot set the time offsets: \(error)")
        }
    }
}
