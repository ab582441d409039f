internal import OCISpec

/// One value for one file of a controller.
struct CgroupSetting: Sendable, Hashable {
    /// Whose files.
    var controller: CgroupController
    /// File and value; where the first file does not exist, the next is tried.
    var choices: [Choice]
    /// What was asked for, in the words of the OCI specification, for example `memory.swap`.
    var name: String
    /// Whether the value must be set.
    ///
    /// What only repeats a default is left out where the kernel has no such file.
    var isRequired: Bool
    /// What to do when no file exists.
    var missingHint: String

    struct Choice: Sendable, Hashable {
        var file: String
        var value: String
    }

    init(
        _ controller: CgroupController, _ file: String, _ value: String, name: String, isRequired: Bool = true,
        orElse alternative: Choice? = nil, missingHint: String? = nil
    ) {
        self.controller = controller
        self.choices = [Choice(file: file, value: value)] + (alternative.map { [$0] } ?? [])
        self.name = name
        self.isRequired = isRequired
        self.missingHint =
            missingHint ?? "this kernel has no \(file) in the \(controller.rawValue) controller; leave it out"
    }
}

/// Resource limits as file values: a pure function of what was asked and of who controls what on the machine.
struct CgroupSettings {
    /// Settings in an order that works for a new cgroup.
    ///
    /// The settings of one group limit each other (a quota has to fit
    /// its period), so one that the kernel refuses is tried again after the others of its group.
    private(set) var groups: [[CgroupSetting]] = []
    /// Which cgroup interface each controller has.
    let version: (CgroupController) -> CgroupVersion
    /// The value that a file has now; nil for a new cgroup.
    let current: (CgroupController, String) throws(CgroupError) -> String?

    typealias Resources = RuntimeSpecification.Linux.Resources

    /// Converts `resources`.
    ///
    /// - Throws: `CgroupError.invalidResource` and `.unavailable` for what can be seen to be wrong without trying.
    init(
        _ resources: Resources, version: @escaping (CgroupController) -> CgroupVersion,
        current: @escaping (CgroupController, String) throws(CgroupError) -> String? = {
            (_, _) throws(CgroupError) in nil
        }
    ) throws(CgroupError) {
        self.version = version
        self.current = current
        if let memory = resources.memory { try add(memory) }
        if let cpu = resources.cpu { try add(cpu) }
        if let limit = resources.pids?.limit { add([pids(limit)]) }
        if let blockIO = resources.blockIO { try add(blockIO) }
        for limit in resources.hugepageLimits { try add(limit) }
        if let network = resources.network { try add(network) }
        for (device, limit) in resources.rdma.sorted(by: { $0.key < $1.key }) { try add(limit, device: device) }
        for (file, value) in resources.unified.sorted(by: { $0.key < $1.key }) { try add(unified: file, value) }
    }

    /// Every controller that a setting needs.
    var controllers: [CgroupController] {
        var result: [CgroupController] = []
        for setting in groups.joined() where !result.contains(setting.controller) { result.append(setting.controller) }
        return result
    }

    mutating func add(_ group: [CgroupSetting]) {
        if !group.isEmpty { groups.append(group) }
    }

    /// 0 and negative numbers mean no limit, as Docker's users know it.
    private func pids(_ limit: Int64) -> CgroupSetting {
        CgroupSetting(.pids, "pids.max", limit > 0 ? String(limit) : "max", name: "pids.limit", isRequired: limit > 0)
    }

    private mutating func add(_ huge: Resources.HugepageLimit) throws(CgroupError) {
        let size = huge.pageSize
        let number = size.prefix { $0.isASCII && $0.isWholeNumber }
        guard !number.isEmpty, ["KB", "MB", "GB"].contains(String(size.dropFirst(number.count))) else {
            throw .invalidResource(
                "hugepageLimits.pageSize", value: size, reason: "a size is a number and KB, MB or GB, for example 2MB")
        }
        let suffix = version(.hugetlb) == .v1 ? "limit_in_bytes" : "max"
        add([
            CgroupSetting(
                .hugetlb, "hugetlb.\(size).\(suffix)", String(huge.limit), name: "hugepageLimits",
                missingHint: "this machine has no huge pages of \(size); see /sys/kernel/mm/hugepages")
        ])
        add([
            CgroupSetting(
                .hugetlb, "hugetlb.\(size).rsvd.\(suffix)", String(huge.limit), name: "hugepageLimits",
                isRequired: false)
        ])
    }

    private mutating func add(_ network: Resources.Network) throws(CgroupError) {
        if let classID = network.classID {
            guard version(.netClass) == .v1 else { throw onlyV1("network.classID") }
            add([CgroupSetting(.netClass, "net_cls.classid", String(classID), name: "network.classID")])
        }
        for priority in network.priorities {
            guard version(.netPriority) == .v1 else { throw onlyV1("network.priorities") }
            try validate(word: priority.name, setting: "network.priorities")
            add([
                CgroupSetting(
                    .netPriority, "net_prio.ifpriomap", "\(priority.name) \(priority.priority)",
                    name: "network.priorities")
            ])
        }
    }

    private mutating func add(_ limit: Resources.RDMA, device: String) throws(CgroupError) {
        try validate(word: device, setting: "rdma")
        let words =
            [device] + (limit.hcaHandles.map { ["hca_handle=\($0)"] } ?? [])
            + (limit.hcaObjects.map { ["hca_object=\($0)"] } ?? [])
        add([CgroupSetting(.rdma, "rdma.max", words.joined(separator: " "), name: "rdma")])
    }

    /// Values of the `unified` map go to the v2 file of that name as they are.
    private mutating func add(unified file: String, _ value: String) throws(CgroupError) {
        let allowed = file.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x5f
                || $0 == 0x2e
        }
        guard allowed, file.contains("."), !file.begins(with: "."), !file.ends(with: ".") else {
            throw .invalidResource(
                "unified", value: file, reason: "a key is the name of a cgroup v2 file, for example memory.high")
        }
        guard !value.utf8.contains(0) else {
            throw .invalidResource("unified.\(file)", value: "a text with a NUL byte", reason: "no file takes it")
        }
        // cgroup.procs would move any process of the machine in here, cgroup.kill would end the container.
        guard !file.begins(with: "cgroup.") else {
            throw .invalidResource("unified.\(file)", value: value, reason: "that file is the runtime's")
        }
        guard let controller = CgroupController(unifiedFile: file) else {
            throw .invalidResource("unified.\(file)", value: value, reason: "no controller has that name")
        }
        guard version(controller) == .v2 else {
            throw .unavailable(
                setting: "unified.\(file)", cgroup: "the container",
                hint: "the \(controller.rawValue) controller is on a cgroup v1 hierarchy of this machine; "
                    + "use the setting of the same purpose under memory, cpu, pids or blockIO")
        }
        add([CgroupSetting(controller, file, value, name: "unified.\(file)")])
    }

    private func validate(word: String, setting: String) throws(CgroupError) {
        guard !word.isEmpty, word.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw .invalidResource(
                setting, value: "\"\(word)\"", reason: "a name has no spaces and no control characters")
        }
    }

    func onlyV1(_ setting: String) -> CgroupError {
        .unavailable(
            setting: setting, cgroup: "the container",
            hint: "only cgroup v1 has it, and this machine uses v2 for it; leave it out")
    }
}
