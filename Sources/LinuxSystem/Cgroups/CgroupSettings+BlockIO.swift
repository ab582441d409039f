internal import OCISpec

extension CgroupSettings {
    /// Weights and throttles of block devices.
    mutating func add(_ blockIO: Resources.BlockIO) throws(CgroupError) {
        let v1 = version(.blkio) == .v1
        if let weight = blockIO.weight, weight != 0 {
            try validate(weight, "blockIO.weight")
            add([weightSetting(weight, device: nil)])
        }
        if let weight = blockIO.leafWeight, weight != 0 {
            guard v1 else { throw onlyV1("blockIO.leafWeight") }
            add([CgroupSetting(.blkio, "blkio.leaf_weight", String(weight), name: "blockIO.leafWeight")])
        }
        for entry in blockIO.weightDevice {
            let device = try Self.device(entry.major, entry.minor, "blockIO.weightDevice")
            if let weight = entry.weight, weight != 0 {
                try validate(weight, "blockIO.weightDevice")
                add([weightSetting(weight, device: device)])
            }
            if let weight = entry.leafWeight, weight != 0 {
                guard v1 else { throw onlyV1("blockIO.weightDevice.leafWeight") }
                add([
                    CgroupSetting(
                        .blkio, "blkio.leaf_weight_device", "\(device) \(weight)",
                        name: "blockIO.weightDevice.leafWeight")
                ])
            }
        }
        for (devices, v1File, v2Key, name) in [
            (blockIO.throttleReadBpsDevice, "read_bps", "rbps", "throttleReadBpsDevice"),
            (blockIO.throttleWriteBpsDevice, "write_bps", "wbps", "throttleWriteBpsDevice"),
            (blockIO.throttleReadIOPSDevice, "read_iops", "riops", "throttleReadIOPSDevice"),
            (blockIO.throttleWriteIOPSDevice, "write_iops", "wiops", "throttleWriteIOPSDevice"),
        ] {
            for throttle in devices {
                let device = try Self.device(throttle.major, throttle.minor, "blockIO.\(name)")
                // 0 takes a limit away, on v1 as it is, on v2 as "max".
                let setting =
                    v1
                    ? CgroupSetting(
                        .blkio, "blkio.throttle.\(v1File)_device", "\(device) \(throttle.rate)", name: "blockIO.\(name)"
                    )
                    : CgroupSetting(
                        .blkio, "io.max", "\(device) \(v2Key)=\(throttle.rate == 0 ? "max" : String(throttle.rate))",
                        name: "blockIO.\(name)")
                add([setting])
            }
        }
    }

    /// The weight goes to the BFQ scheduler where it is built in, else to the older file (v1) or the cost model (v2).
    private func weightSetting(_ weight: UInt16, device: String?) -> CgroupSetting {
        let prefix = device.map { "\($0) " } ?? ""
        let name = device == nil ? "blockIO.weight" : "blockIO.weightDevice"
        let hint = "this kernel has no scheduler that knows weights (BFQ); use throttles, or leave it out"
        if version(.blkio) == .v1 {
            let suffix = device == nil ? "" : "_device"
            return CgroupSetting(
                .blkio, "blkio.weight\(suffix)", "\(prefix)\(weight)", name: name,
                orElse: .init(file: "blkio.bfq.weight\(suffix)", value: "\(prefix)\(weight)"), missingHint: hint)
        }
        return CgroupSetting(
            .blkio, "io.bfq.weight", "\(prefix)\(weight)", name: name,
            orElse: .init(file: "io.weight", value: "\(prefix)\(Self.weight(blockIO: weight))"), missingHint: hint)
    }

    /// A v2 weight (1 to 10,000) for an OCI weight (10 to 1,000).
    static func weight(blockIO weight: UInt16) -> UInt64 {
        1 + (UInt64(min(max(weight, 10), 1_000)) - 10) * 9_999 / 990
    }

    private func validate(_ weight: UInt16, _ name: String) throws(CgroupError) {
        guard (10...1_000).contains(weight) else {
            throw .invalidResource(name, value: String(weight), reason: "use 10 to 1000")
        }
    }

    private static func device(_ major: Int64, _ minor: Int64, _ name: String) throws(CgroupError) -> String {
        guard major >= 0, minor >= 0 else {
            throw .invalidResource(name, value: "\(major):\(minor)", reason: "device numbers are not negative")
        }
        return "\(major):\(minor)"
    }
}
