internal import CLinux
internal import LinuxSystem
internal import OCISpec

extension ProcessSteps {
    /// Gives the process that is about to execute its program its policy and its CPUs, with the host root's privileges.
    ///
    /// - Parameter isExec: it joins a container; only then the CPUs count (runtime-spec, config.md "Process").
    func applyScheduling(to pid: Int32, isExec: Bool = false) throws(LaunchError) {
        if let scheduler = process.scheduler { try apply(scheduler, to: pid) }
        if isExec, let cpus = process.execCPUAffinity?.final { try Self.setAffinity(cpus, of: pid) }
    }

    /// Gives the process its CPUs before it is in the container's cgroup.
    func applyInitialAffinity(to pid: Int32) throws(LaunchError) {
        if let cpus = process.execCPUAffinity?.initial { try Self.setAffinity(cpus, of: pid) }
    }

    private static func setAffinity(_ cpus: String, of pid: Int32) throws(LaunchError) {
        let bits = try CPUList.bits(cpus)
        do throws(SystemError) {
            try checked(
                nb_set_affinity(pid, bits, bits.count * 8), "let the process run on the CPUs", cpus)
        } catch {
            throw LaunchError(error)
        }
    }

    private func apply(_ scheduler: RuntimeSpecification.Process.Scheduler, to pid: Int32)
        throws(LaunchError)
    {
        let policy: UInt32 =
            switch scheduler.policy {
            case .other: 0
            case .fifo: 1
            case .roundRobin: 2
            case .batch: 3
            case .iso: 4
            case .idle: 5
            case .deadline: 6
            }
        let flags = scheduler.flags.reduce(UInt64(0)) { flags, flag in
            switch flag {
            case .resetOnFork: flags | 0x01
            case .reclaim: flags | 0x02
            case .deadlineOverrun: flags | 0x04
            case .keepPolicy: flags | 0x08
            case .keepParameters: flags | 0x10
            case .utilizationClampMinimum: flags | 0x20
            case .utilizationClampMaximum: flags | 0x40
            }
        }
        var schedule = nb_schedule(
            policy: policy, flags: flags, nice: scheduler.nice,
            priority: UInt32(clamping: scheduler.priority),
            runtime: scheduler.runtime, deadline: scheduler.deadline, period: scheduler.period)
        do throws(SystemError) {
            try checked(
                nb_set_schedule(pid, &schedule), "set the scheduling policy", scheduler.policy.rawValue)
        } catch {
            throw LaunchError(error)
        }
    }
}
