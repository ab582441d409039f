import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `events --stats`: block devices and huge pages, in runc's form.
    @Suite struct RuntimeStatistics {
        private func statistics(_ bundle: TestBundle) throws -> JSONValue {
            let events = try bundle("events", "--stats", "box")
            #expect(events.status == 0, "\(events)")
            return try #require(try JSONValue(parsing: Array(events.output.utf8))["data"])
        }

        /// The disk that the bundle is on; nil: on none, as in a VM that shares its host's files.
        private static var disk: (major: Int64, minor: Int64)? {
            var status = stat()
            guard stat("/var/tmp", &status) == 0 else { return nil }
            // As makedev(3) puts them together.
            let device = UInt64(status.st_dev)
            let folder = "/sys/dev/block/\(device >> 8 & 0xfff):\(device & 0xff | device >> 12 & 0xfff00)"
            guard access(folder, F_OK) == 0 else { return nil }
            // The whole of it, of a partition.
            let name = access("\(folder)/partition", F_OK) == 0 ? "\(folder)/../dev" : "\(folder)/dev"
            let numbers = (try? TestEngine.read(name))?.split(separator: "\n").first?.split(separator: ":") ?? []
            guard numbers.count == 2, let major = Int64(numbers[0]), let minor = Int64(numbers[1]) else { return nil }
            return (major, minor)
        }

        /// What a container reads from a disk, of a file that is in no cache.
        ///
        /// On v1 a kernel counts only for who has a limit.
        @Test(.enabled(if: RuntimeStatistics.disk != nil, "the bundle is on no disk"))
        func readsAreCounted() throws {
            let disk = try #require(Self.disk)
            try TestBundle.with("sh", "-c", "cat /big >/dev/null; sleep 1000") { bundle in
                let size = 8 << 20
                do {
                    let file = try FileDescriptor.open("\(bundle.folder)/rootfs/big", O_WRONLY | O_CREAT)
                    try file.writeAll([UInt8](repeating: 1, count: size))
                    fsync(file.rawValue)
                    posix_fadvise(file.rawValue, 0, 0, POSIX_FADV_DONTNEED)
                }
                bundle.configuration.linux?.resources?.blockIO = .init(
                    throttleReadBpsDevice: [.init(major: disk.major, minor: disk.minor, rate: 1 << 40)])
                try bundle.expect("run", "-d", "box")
                var (bytes, calls) = ([JSONValue](), [JSONValue]())
                let isRead = try TestEngine.eventually {
                    let devices = try statistics(bundle)["blkio"]
                    bytes = devices?["ioServiceBytesRecursive"]?.arrayValue ?? []
                    calls = devices?["ioServicedRecursive"]?.arrayValue ?? []
                    return bytes.contains {
                        $0["op"]?.stringValue == "Read" && ($0["value"]?.integerValue ?? 0) >= size
                    }
                }
                #expect(isRead, "\(bytes)")
                #expect(
                    calls.contains { $0["op"]?.stringValue == "Read" && ($0["value"]?.integerValue ?? 0) > 0 },
                    "\(calls)")
                #expect(bytes.allSatisfy { ($0["major"]?.integerValue ?? 0) > 0 }, "\(bytes)")
                try bundle.expect("delete", "--force", "box")
            }
        }

        private static var countsPressure: Bool {
            guard let layout = try? CgroupLayout.detect() else { return false }
            // The file is there, and cannot be read, where the kernel was started with psi=0.
            return ((try? TestEngine.read("\(layout.unified)/cpu.pressure")) ?? "").hasPrefix("some")
        }

        @Test(.enabled(if: RuntimeStatistics.countsPressure, "this kernel does not count pressure"))
        func pressureIsTold() throws {
            // Two that compute, on one processor.
            try TestBundle.with("sh", "-c", "yes >/dev/null & exec yes >/dev/null") { bundle in
                bundle.configuration.linux?.resources?.cpu = .init(cpus: "0")
                try bundle.expect("run", "-d", "box")
                var all: JSONValue?
                let isTold = try TestEngine.eventually {
                    all = try statistics(bundle)
                    return (all?["cpu"]?["psi"]?["some"]?["total"]?.integerValue ?? 0) > 0
                }
                #expect(isTold, "\(String(describing: all))")
                for part in ["memory", "blkio"] {
                    let pressure = all?[part]?["psi"]
                    #expect(pressure?["full"]?["avg300"] != nil, "\(String(describing: pressure))")
                    #expect(pressure?["some"]?["total"]?.integerValue != nil)
                }
                try bundle.expect("delete", "--force", "box")
            }
        }

        /// The kernel's page sizes, where the container's group counts them: a limit makes it so.
        @Test(.enabled(if: RuntimeStatistics.countsHugePages, "this kernel has no cgroup of huge pages"))
        func hugePagesAreCounted() throws {
            try TestBundle.with("sleep", "1000") { bundle in
                bundle.configuration.linux?.resources?.hugepageLimits = [.init(pageSize: "2MB", limit: 2 << 20)]
                try bundle.expect("run", "-d", "box")
                let pages = try statistics(bundle)["hugetlb"]
                #expect(pages?["2MB"]?["failcnt"]?.integerValue == 0, "\(String(describing: pages))")
                #expect(pages?["2MB"]?["usage"] == nil, "none is used")
                try bundle.expect("delete", "--force", "box")
            }
        }

        private static var countsHugePages: Bool {
            guard access("/sys/kernel/mm/hugepages/hugepages-2048kB", F_OK) == 0,
                let layout = try? CgroupLayout.detect()
            else { return false }
            if layout.version(of: .hugetlb) == .v1 { return true }
            return (try? TestEngine.read("\(layout.unified)/cgroup.controllers"))?.contains("hugetlb") ?? false
        }
    }
}
