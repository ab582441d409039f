internal import OCISpec

extension CgroupSettings {
    /// Memory limits.
    ///
    /// 0 leaves a value as it is, -1 means no limit; `swap` is memory and swap together.
    mutating func add(_ memory: Resources.Memory) throws(CgroupError) {
        for (name, value) in [
            ("memory.limit", memory.limit), ("memory.reservation", memory.reservation), ("memory.swap", memory.swap),
            ("memory.kernelTCP", memory.kernelTCP),
        ] {
            guard let value, value < -1 else { continue }
            throw .invalidResource(name, value: String(value), reason: "use a number of bytes, or -1 for no limit")
        }
        if let limit = memory.limit, let swap = memory.swap, limit > 0, swap > 0, swap < limit {
            throw .invalidResource(
                "memory.swap", value: String(swap),
                reason: "it is memory and swap together, so it cannot be below memory.limit, \(limit)")
        }
        if memory.limit == -1, let swap = memory.swap, swap > 0 {
            throw .invalidResource(
                "memory.swap", value: String(swap),
                reason: "memory.limit is unlimited, so memory and swap together are too")
        }
        if version(.memory) == .v1 { try addV1(memory) } else { try addV2(memory) }
    }

    /// Docker's value for a missing `--memory-swap`, which nobody asked for.
    private func isDefaultSwap(_ memory: Resources.Memory) -> Bool {
        guard let swap = memory.swap, let limit = memory.limit, limit > 0 else { return memory.swap == -1 }
        return swap == -1 || swap == limit.multipliedReportingOverflow(by: 2).partialValue
    }

    private static let missingSwap =
        "this kernel does not account swap; boot with swapaccount=1, or leave memory.swap out"

    private mutating func addV1(_ memory: Resources.Memory) throws(CgroupError) {
        var limits: [CgroupSetting] = []
        if let limit = memory.limit, limit != 0 {
            limits.append(CgroupSetting(.memory, "memory.limit_in_bytes", String(limit), name: "memory.limit"))
        }
        // No limit for memory means none for memory and swap, or the kernel refuses.
        let swap = memory.swap ?? (memory.limit == -1 ? -1 : 0)
        if swap != 0 {
            limits.append(
                CgroupSetting(
                    .memory, "memory.memsw.limit_in_bytes", String(swap), name: "memory.swap",
                    isRequired: memory.swap != nil && !isDefaultSwap(memory), missingHint: Self.missingSwap))
        }
        add(limits)
        if let reservation = memory.reservation, reservation != 0 {
            add([
                CgroupSetting(
                    .memory, "memory.soft_limit_in_bytes", String(reservation), name: "memory.reservation",
                    isRequired: reservation > 0)
            ])
        }
        if let limit = memory.kernelTCP, limit != 0 {
            add([CgroupSetting(.memory, "memory.kmem.tcp.limit_in_bytes", String(limit), name: "memory.kernelTCP")])
        }
        if let swappiness = memory.swappiness {
            guard swappiness <= 100 else {
                throw .invalidResource("memory.swappiness", value: String(swappiness), reason: "use 0 to 100")
            }
            add([CgroupSetting(.memory, "memory.swappiness", String(swappiness), name: "memory.swappiness")])
        }
        if let disabled = memory.disableOOMKiller {
            add([
                CgroupSetting(
                    .memory, "memory.oom_control", disabled ? "1" : "0", name: "memory.disableOOMKiller",
                    isRequired: disabled)
            ])
        }
    }

    private mutating func addV2(_ memory: Resources.Memory) throws(CgroupError) {
        if memory.swappiness != nil { throw onlyV1("memory.swappiness") }
        if memory.disableOOMKiller == true { throw onlyV1("memory.disableOOMKiller") }
        if let limit = memory.kernelTCP, limit > 0 { throw onlyV1("memory.kernelTCP") }
        if let limit = memory.limit, limit != 0 {
            add([CgroupSetting(.memory, "memory.max", Self.orMax(limit), name: "memory.limit")])
        }
        if let swap = try swapAlone(memory) {
            add([
                CgroupSetting(
                    .memory, "memory.swap.max", swap, name: "memory.swap",
                    isRequired: swap != "max" && !isDefaultSwap(memory), missingHint: Self.missingSwap)
            ])
        }
        if let reservation = memory.reservation, reservation != 0 {
            add([
                CgroupSetting(
                    .memory, "memory.low", Self.orMax(reservation), name: "memory.reservation",
                    isRequired: reservation > 0)
            ])
        }
    }

    /// v2 limits swap by itself: what OCI gives for memory and swap, less the memory.
    private func swapAlone(_ memory: Resources.Memory) throws(CgroupError) -> String? {
        let swap = memory.swap ?? (memory.limit == -1 ? -1 : 0)
        if swap == 0 { return nil }
        if swap == -1 { return "max" }
        var limit = memory.limit ?? 0
        if limit == 0, let text = try current(.memory, "memory.max") { limit = Int64(text) ?? -1 }
        guard limit > 0 else {
            throw .invalidResource(
                "memory.swap", value: String(swap), reason: "it is memory and swap together and needs memory.limit")
        }
        guard swap >= limit else {
            throw .invalidResource(
                "memory.swap", value: String(swap),
                reason: "it is memory and swap together, so it cannot be below memory.limit, \(limit)")
        }
        return String(swap - limit)
    }

    static func orMax(_ value: Int64) -> String { value == -1 ? "max" : String(value) }
}
