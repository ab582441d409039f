internal import LinuxSystem
internal import OCISpec

/// Block devices and huge pages.
extension ContainerStatistics {
    // MARK: - Block devices

    /// The members of cgroup v1's files, whichever of both the numbers come from.
    var blockDevices: JSONValue {
        var lists: [(member: String, entries: [JSONValue])] = []
        if cgroup.layout.version(of: .blkio) == .v1 {
            lists =
                Self.schedulers.lazy.map { files in files.map { ($0.member, entries(of: $0.file)) } }
                .first { !($0.first?.1.isEmpty ?? true) } ?? []
        } else {
            let text = cgroup.text(of: "io.stat", .blkio) ?? ""
            lists = [
                ("ioServiceBytesRecursive", Self.unified(text, ["rbytes": "Read", "wbytes": "Write"])),
                ("ioServicedRecursive", Self.unified(text, ["rios": "Read", "wios": "Write"])),
            ]
        }
        var object = JSONObject()
        for list in lists { object.setUnlessEmpty(list.member, to: list.entries) }
        object.set("psi", to: pressure("io.pressure"))
        return .object(object)
    }

    /// The files of the disk schedulers that count, the most telling first: the first that has counted anything is read.
    private static let schedulers: [[(file: String, member: String)]] = [
        all("blkio.bfq.", "blkio.bfq.time_recursive", "blkio.bfq.sectors_recursive"),
        [
            ("blkio.bfq.io_serviced_recursive", "ioServicedRecursive"),
            ("blkio.bfq.io_service_bytes_recursive", "ioServiceBytesRecursive"),
        ],
        all("blkio.", "blkio.time_recursive", "blkio.sectors_recursive"),
        [
            ("blkio.throttle.io_serviced_recursive", "ioServicedRecursive"),
            ("blkio.throttle.io_service_bytes_recursive", "ioServiceBytesRecursive"),
        ],
        [
            ("blkio.throttle.io_serviced", "ioServicedRecursive"),
            ("blkio.throttle.io_service_bytes", "ioServiceBytesRecursive"),
        ],
    ]

    private static func all(_ prefix: String, _ time: String, _ sectors: String) -> [(file: String, member: String)] {
        [
            (sectors, "sectorsRecursive"), ("\(prefix)io_service_time_recursive", "ioServiceTimeRecursive"),
            ("\(prefix)io_wait_time_recursive", "ioWaitTimeRecursive"),
            ("\(prefix)io_merged_recursive", "ioMergedRecursive"),
            ("\(prefix)io_queued_recursive", "ioQueueRecursive"), (time, "ioTimeRecursive"),
            ("\(prefix)io_serviced_recursive", "ioServicedRecursive"),
            ("\(prefix)io_service_bytes_recursive", "ioServiceBytesRecursive"),
        ]
    }

    /// The lines `MAJOR:MINOR [OPERATION] NUMBER` of a v1 file; the sum over all devices is none.
    private func entries(of file: String) -> [JSONValue] {
        (cgroup.text(of: file, .blkio) ?? "").split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard 2...3 ~= words.count, let number = words.last.flatMap({ UInt64($0) }) else { return nil }
            return Self.entry(words[0], words.count == 3 ? String(words[1]) : "", number)
        }
    }

    /// The numbers of `io.stat` that v1 has, too, under its names.
    private static func unified(_ text: String, _ operations: [String: String]) -> [JSONValue] {
        text.split(separator: "\n").flatMap { line in
            let words = line.split(separator: " ")
            return words.dropFirst().compactMap { word -> JSONValue? in
                let parts = word.split(separator: "=")
                guard parts.count == 2, let operation = operations[String(parts[0])], let number = UInt64(parts[1])
                else { return nil }
                return entry(words[0], operation, number)
            }
        }
    }

    private static func entry(_ device: Substring, _ operation: String, _ number: UInt64) -> JSONValue? {
        let numbers = device.split(separator: ":").compactMap { UInt64($0) }
        guard numbers.count == 2 else { return nil }
        var object = JSONObject()
        object.set("major", to: numbers[0], unless: 0)
        object.set("minor", to: numbers[1], unless: 0)
        if !operation.isEmpty { object.set("op", to: operation) }
        object.set("value", to: number, unless: 0)
        return .object(object)
    }

    // MARK: - Huge pages

    /// By page size; a size that the container's group does not count is left out.
    var hugePages: JSONValue {
        let isOne = cgroup.layout.version(of: .hugetlb) == .v1
        var object = JSONObject()
        for size in Self.pageSizes {
            // What is reserved counts, where the kernel counts that: its limit is kept even before the pages are used.
            let pages = ["hugetlb.\(size).rsvd", "hugetlb.\(size)"].lazy.compactMap { prefix in
                self.pages(prefix, events: "hugetlb.\(size).events", isOne)
            }
            if let first = pages.first { object.set(size, to: JSONValue.object(first)) }
        }
        return .object(object)
    }

    private func pages(_ prefix: String, events: String, _ isOne: Bool) -> JSONObject? {
        guard let usage = cgroup.number(of: "\(prefix).\(isOne ? "usage_in_bytes" : "current")", .hugetlb) else {
            return nil
        }
        let failures =
            isOne
            ? cgroup.number(of: "\(prefix).failcnt", .hugetlb) : keyed(cgroup.text(of: events, .hugetlb))["max"]
        var object = JSONObject()
        object.set("usage", to: usage, unless: 0)
        object.set("max", to: cgroup.number(of: "\(prefix).max_usage_in_bytes", .hugetlb) ?? 0, unless: 0)
        object.set("failcnt", to: failures ?? 0)
        return object
    }

    /// As the files of cgroups name them (`hugetlb_cgroup_file_init` of mm/hugetlb_cgroup.c).
    private static var pageSizes: [String] {
        let names = (try? StoredFile.names(in: "/sys/kernel/mm/hugepages")) ?? []
        return names.compactMap { name in
            guard name.begins(with: "hugepages-"), name.ends(with: "kB"),
                let size = UInt64(name.dropFirst("hugepages-".count).dropLast(2))
            else { return nil }
            if size >= 1 << 20 { return "\(size >> 20)GB" }
            return size >= 1 << 10 ? "\(size >> 10)MB" : "\(size)KB"
        }
    }
}
