internal import LinuxSystem
internal import OCISpec

/// What a container uses, with the members of runc's `events --stats`.
struct ContainerStatistics {
    let cgroup: Cgroup

    init(_ cgroup: Cgroup) {
        self.cgroup = cgroup
    }

    /// The whole document; a number that the kernel does not tell is left out, or 0 where runc always has one.
    var json: JSONValue {
        var object = JSONObject()
        object.set("cpu", to: processors)
        object.set("cpuset", to: JSONValue.object([:]))
        object.set("memory", to: memory)
        object.set("pids", to: processes)
        object.set("blkio", to: blockDevices)
        object.set("hugetlb", to: hugePages)
        object.set("intel_rdt", to: JSONValue.object([:]))
        object.set("network_interfaces", to: JSONValue.null)
        return .object(object)
    }

    private var processors: JSONValue {
        let unified = keyed(cgroup.text(of: "cpu.stat", in: cgroup.layout.unified))
        let isOne = cgroup.layout.version(of: .cpu) == .v1
        let throttling = isOne ? keyed(cgroup.text(of: "cpu.stat", .cpu)) : unified
        var usage = JSONObject()
        usage.set("total", to: (try? cgroup.statistics().cpuNanoseconds) ?? 0)
        usage.set("kernel", to: nanoseconds(unified["system_usec"]))
        usage.set("user", to: nanoseconds(unified["user_usec"]))
        var throttled = JSONObject()
        throttled.set("periods", to: throttling["nr_periods"] ?? 0, unless: 0)
        throttled.set("throttledPeriods", to: throttling["nr_throttled"] ?? 0, unless: 0)
        let time = isOne ? throttling["throttled_time"] ?? 0 : nanoseconds(throttling["throttled_usec"])
        throttled.set("throttledTime", to: time, unless: 0)
        var object: JSONObject = ["usage": .object(usage), "throttling": .object(throttled)]
        object.set("psi", to: pressure("cpu.pressure"))
        return .object(object)
    }

    /// How long processes had to wait for a resource (Documentation/accounting/psi.rst): shares of the last 10, 60 and 300 seconds
    /// in per cent, and the total in microseconds; nil where the kernel does not count it for cgroups.
    ///
    /// The files are in the unified tree, also where the controllers are not.
    func pressure(_ file: String) -> JSONValue? {
        var object = JSONObject()
        for line in (cgroup.text(of: file, in: cgroup.layout.unified) ?? "").split(separator: "\n") {
            let words = line.split(separator: " ")
            var shares = JSONObject()
            for word in words.dropFirst() {
                let parts = word.split(separator: "=")
                guard parts.count == 2 else { continue }
                if parts[0] == "total" {
                    if let total = UInt64(parts[1]) { shares.set("total", to: total) }
                } else if let share = Double(parts[1]) {
                    shares.set(String(parts[0]), to: JSONValue.number(share))
                }
            }
            if let kind = words.first, !shares.isEmpty { object.set(String(kind), to: JSONValue.object(shares)) }
        }
        return object.isEmpty ? nil : .object(object)
    }

    private func nanoseconds(_ microseconds: UInt64?) -> UInt64 {
        (microseconds ?? 0).multipliedReportingOverflow(by: 1000).partialValue
    }

    private var memory: JSONValue {
        let isOne = cgroup.layout.version(of: .memory) == .v1
        let raw = keyed(cgroup.text(of: "memory.stat", .memory))
        let statistics = try? cgroup.statistics()
        var usage = JSONObject()
        usage.set("limit", to: statistics?.memoryLimit ?? UInt64.max)
        usage.set("usage", to: statistics?.memoryCurrent ?? 0, unless: 0)
        usage.set("max", to: statistics?.memoryPeak ?? 0, unless: 0)
        let events = keyed(cgroup.text(of: "memory.events", .memory))
        let failures = isOne ? cgroup.number(of: "memory.failcnt", .memory) : events["max"]
        usage.set("failcnt", to: failures ?? 0)
        var object = JSONObject()
        object.set("cache", to: raw[isOne ? "cache" : "file"] ?? 0, unless: 0)
        object.set("usage", to: JSONValue.object(usage))
        object.set("swap", to: swap(isOne))
        object.set("kernel", to: JSONValue.object(["limit": 0, "failcnt": 0]))
        object.set("kernelTCP", to: JSONValue.object(["limit": 0, "failcnt": 0]))
        object.setUnlessEmpty("raw", to: raw)
        object.set("psi", to: pressure("memory.pressure"))
        return .object(object)
    }

    private func swap(_ isOne: Bool) -> JSONValue {
        var object = JSONObject()
        object.set(
            "limit", to: cgroup.number(of: isOne ? "memory.memsw.limit_in_bytes" : "memory.swap.max", .memory) ?? 0)
        let usage = cgroup.number(of: isOne ? "memory.memsw.usage_in_bytes" : "memory.swap.current", .memory)
        object.set("usage", to: usage ?? 0, unless: 0)
        object.set("failcnt", to: cgroup.number(of: "memory.memsw.failcnt", .memory) ?? 0)
        return .object(object)
    }

    private var processes: JSONValue {
        var object = JSONObject()
        object.set("current", to: (try? cgroup.statistics().pidsCurrent) ?? 0, unless: 0)
        object.set("limit", to: cgroup.number(of: "pids.max", .pids) ?? 0, unless: 0)
        return .object(object)
    }

    /// The lines `name number` of a file.
    func keyed(_ text: String?) -> [String: UInt64] {
        var result: [String: UInt64] = [:]
        for line in (text ?? "").split(separator: "\n") {
            let parts = line.split(separator: " ")
            if parts.count == 2, let number = UInt64(parts[1]) { result[String(parts[0])] = number }
        }
        return result
    }
}
