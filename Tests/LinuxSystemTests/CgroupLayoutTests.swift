import Testing

@testable import LinuxSystem

@Suite("Cgroup layout")
struct CgroupLayoutTests {
    private func layout(_ text: String) throws(CgroupError) -> CgroupLayout {
        try CgroupLayout(mountInfo: Array(text.utf8))
    }

    private static let others = """
        21 28 0:20 / /sys rw,nosuid - sysfs sysfs rw
        22 28 0:21 / /proc rw - proc proc rw
        28 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw

        """

    @Test func pureV2() throws {
        let found = try layout(
            Self.others
                + "30 21 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec shared:4 - cgroup2 cgroup2 rw,nsdelegate\n")
        #expect(found == CgroupLayout(unified: "/sys/fs/cgroup", unifiedOptions: ["nsdelegate"]))
        #expect(!found.isHybrid)
        #expect(found.version(of: .memory) == .v2)
        #expect(found.v1MountPoints == [])
    }

    @Test func optionsOfTheWholeTree() throws {
        let mount = "30 21 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 none "
        #expect(
            try layout(mount + "rw,seclabel,nsdelegate,memory_recursiveprot\n").unifiedOptions
                == ["nsdelegate", "memory_recursiveprot"])
        #expect(try layout(mount + "rw\n").unifiedOptions == [])
    }

    /// The machine that builds the project.
    @Test func hybridOfSingleControllers() throws {
        var text = Self.others + "31 21 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
        let names = ["cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids"]
        for (index, name) in names.enumerated() {
            text += "\(32 + index) 31 0:\(29 + index) / /sys/fs/cgroup/\(name) rw,relatime - cgroup cgroup rw,\(name)\n"
        }
        text += "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
        text += "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
        let found = try layout(text)
        #expect(found.isHybrid)
        #expect(found.unified == "/sys/fs/cgroup/unified")
        #expect(found.v1.count == names.count)
        #expect(found.v1[.memory] == "/sys/fs/cgroup/memory")
        #expect(found.version(of: .hugetlb) == .v2, "what has no v1 hierarchy may be on the unified tree")
    }

    /// As systemd mounts it: several controllers on one hierarchy, tags, more than one of them.
    @Test func hybridOfCoMountedControllers() throws {
        let found = try layout(
            """
            25 21 0:22 / /sys/fs/cgroup/unified rw,nosuid shared:10 master:3 - cgroup2 cgroup2 rw,nsdelegate
            31 21 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:11 - cgroup cgroup rw,cpu,cpuacct
            32 21 0:28 / /sys/fs/cgroup/net_cls,net_prio rw,nosuid shared:12 - cgroup cgroup rw,net_cls,net_prio
            33 21 0:29 / /sys/fs/cgroup/memory rw shared:13 - cgroup cgroup rw,memory

            """)
        #expect(found.v1[.cpu] == "/sys/fs/cgroup/cpu,cpuacct")
        #expect(found.v1[.cpuacct] == found.v1[.cpu])
        #expect(
            found.v1MountPoints == [
                "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/net_cls,net_prio",
            ], "each mount point once")
    }

    @Test func v1OnlyIsRefusedWithAWayOut() {
        let error = #expect(throws: CgroupError.noUnifiedTree) {
            try layout("33 21 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n")
        }
        #expect(error?.description.contains("mount -t cgroup2") == true)
    }

    @Test func theWholeHierarchyInItsUsualPlaceWins() throws {
        let found = try layout(
            """
            50 28 0:26 /docker/1 /srv/partial rw - cgroup2 cgroup2 rw
            51 28 0:26 / /mnt/odd\\040place rw - cgroup2 cgroup2 rw
            52 28 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
            53 28 0:26 / /srv/later rw - cgroup2 cgroup2 rw

            """)
        #expect(found.unified == "/sys/fs/cgroup")
        let odd = try layout("51 28 0:26 / /mnt/odd\\040place\\134x rw - cgroup2 cgroup2 rw")
        #expect(odd.unified == "/mnt/odd place\\x")
    }

    @Test(arguments: [
        "", "\n\n", "garbage", "1 2 3 4 5 6 7 8 9", "1 2 0:1 / /x rw - cgroup2",
        "1 2 0:1 / /cgroup2 rw - tmpfs cgroup2 rw", "1 2 0:1 / /x rw cgroup2 cgroup2 rw rw",
    ])
    func otherTextIsNoMount(_ text: String) {
        #expect(throws: CgroupError.noUnifiedTree) { try layout(text) }
    }
}

@Suite("Cgroup paths")
struct CgroupPathTests {
    private let layout = CgroupLayout(unified: "/sys/fs/cgroup")

    @Test(arguments: [
        ("nestbox-1/abc", "nestbox-1/abc"), ("/nestbox-1/abc", "nestbox-1/abc"), ("a", "a"),
        ("A_.-9/...x", "A_.-9/...x"),
    ])
    func accepts(_ text: String, _ expected: String) throws {
        #expect(try Cgroup(path: text, layout: layout).path == expected)
    }

    @Test(arguments: [
        "", "/", "//a", "a//b", "a/", ".", "..", "a/../b", "a/..", "./a", "a b", "a\nb", "a\u{0}b", "ä", "a\\b", "a:b",
        "cgroup.procs", "a/cgroup.x", "tasks", String(repeating: "a", count: 256),
        String(repeating: "a/", count: 2000) + "a",
    ])
    func refuses(_ text: String) {
        let error = #expect(throws: CgroupError.self) { try Cgroup(path: text, layout: layout) }
        guard case .invalidPath = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.description.utf8.allSatisfy { $0 >= 0x20 } == true, "one line")
    }
}
