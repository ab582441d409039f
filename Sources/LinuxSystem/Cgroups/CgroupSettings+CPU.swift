internal import OCISpec

extension CgroupSettings {
    /// Time and placement on the CPUs.
    ///
    /// 0 leaves a value as it is, except for `idle`.
    mutating func add(_ cpu: Resources.CPU) throws(CgroupError) {
        if let quota = cpu.quota, quota < -1 {
            throw .invalidResource("cpu.quota", value: String(quota), reason: "use microseconds, or -1 for no limit")
        }
        if let idle = cpu.idle, idle != 0, idle != 1 {
            throw .invalidResource("cpu.idle", value: String(idle), reason: "use 0 or 1")
        }
        if version(.cpu) == .v1 { addTimeV1(cpu) } else { try addTimeV2(cpu) }
        for (file, list) in [("cpuset.cpus", cpu.cpus), ("cpuset.mems", cpu.mems)] {
            guard let list, !list.isEmpty else { continue }
            guard Self.isList(list) else {
                throw .invalidResource(file, value: "\"\(list)\"", reason: "use numbers and ranges, for example 0-2,5")
            }
            add([CgroupSetting(.cpuset, file, list, name: file)])
        }
    }

    private mutating func addTimeV1(_ cpu: Resources.CPU) {
        var shares: [CgroupSetting] = []
        if let value = cpu.shares, value != 0 {
            shares.append(CgroupSetting(.cpu, "cpu.shares", String(value), name: "cpu.shares"))
        }
        if let idle = cpu.idle { shares.append(idleSetting(idle)) }
        add(shares)
        var time: [CgroupSetting] = []
        if let period = cpu.period, period != 0 {
            time.append(CgroupSetting(.cpu, "cpu.cfs_period_us", String(period), name: "cpu.period"))
        }
        if let quota = cpu.quota, quota != 0 {
            time.append(CgroupSetting(.cpu, "cpu.cfs_quota_us", String(quota), name: "cpu.quota"))
        }
        if let burst = cpu.burst {
            time.append(
                CgroupSetting(.cpu, "cpu.cfs_burst_us", String(burst), name: "cpu.burst", isRequired: burst != 0))
        }
        add(time)
        var realtime: [CgroupSetting] = []
        if let period = cpu.realtimePeriod, period != 0 {
            realtime.append(CgroupSetting(.cpu, "cpu.rt_period_us", String(period), name: "cpu.realtimePeriod"))
        }
        if let runtime = cpu.realtimeRuntime, runtime != 0 {
            realtime.append(CgroupSetting(.cpu, "cpu.rt_runtime_us", String(runtime), name: "cpu.realtimeRuntime"))
        }
        add(realtime)
    }

    private mutating func addTimeV2(_ cpu: Resources.CPU) throws(CgroupError) {
        if let period = cpu.realtimePeriod, period != 0 { throw onlyV1("cpu.realtimePeriod") }
        if let runtime = cpu.realtimeRuntime, runtime != 0 { throw onlyV1("cpu.realtimeRuntime") }
        var shares: [CgroupSetting] = []
        if let value = cpu.shares, value != 0 {
            shares.append(CgroupSetting(.cpu, "cpu.weight", String(Self.weight(shares: value)), name: "cpu.shares"))
        }
        if let idle = cpu.idle { shares.append(idleSetting(idle)) }
        add(shares)
        var time: [CgroupSetting] = []
        let quota = cpu.quota ?? 0
        let period = cpu.period ?? 0
        if quota != 0 || period != 0 {
            // The file holds both; a quota alone keeps the period, a period alone has to repeat the quota.
            var value = quota > 0 ? String(quota) : "max"
            if quota == 0, let text = try current(.cpu, "cpu.max"), let word = text.split(separator: " ").first {
                value = String(word)
            }
            if period != 0 { value += " \(period)" }
            time.append(CgroupSetting(.cpu, "cpu.max", value, name: quota != 0 ? "cpu.quota" : "cpu.period"))
        }
        if let burst = cpu.burst {
            time.append(
                CgroupSetting(.cpu, "cpu.max.burst", String(burst), name: "cpu.burst", isRequired: burst != 0))
        }
        add(time)
    }

    private func idleSetting(_ idle: Int64) -> CgroupSetting {
        CgroupSetting(.cpu, "cpu.idle", String(idle), name: "cpu.idle", isRequired: idle != 0)
    }

    /// A v2 weight (1 to 10,000, 100 by default) for v1 shares (2 to 262,144, 1,024 by default).
    static func weight(shares: UInt64) -> UInt64 {
        1 + (min(max(shares, 2), 262_144) - 2) * 9_999 / 262_142
    }

    /// The kernel's list format (cpuset(7)): numbers and ranges between commas, `0-6:1/2` with a stride.
    private static func isList(_ text: String) -> Bool {
        text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ":")
                || $0 == UInt8(ascii: "/")
        }
    }
}
