internal import Glibc
internal import LinuxSystem

/// What the kernel says about one process, in the host's terms (proc(5)).
struct ProcessSnapshot: Sendable, Hashable {
    var pid: Int32
    /// The name of its program, at most 15 bytes.
    var command: String
    /// What it does, as one letter: running, sleeping, in the disk's hands, ended.
    var state: Character
    var parent: Int32
    var processGroup: Int32
    var session: Int32
    /// The device number of its terminal; 0: it has none.
    var terminal: UInt32
    /// The process group in that terminal's foreground.
    var foregroundGroup: Int32
    /// User and system time together, in clock ticks.
    var ticks: UInt64
    var nice: Int
    var threads: Int
    /// Clock ticks after the boot.
    var startTicks: UInt64
    /// Virtual memory in bytes.
    var virtualMemory: UInt64
    /// Memory that is there, in pages.
    var residentPages: UInt64
    /// The effective user.
    var user: UInt32
    /// Whether some of its memory is locked.
    var locksMemory: Bool
    /// The program and its arguments; empty for one that has ended.
    var arguments: [String]

    /// Reads about a process; nil when there is none of this pid.
    init?(pid: Int32) {
        guard let folder = try? FileDescriptor.open("/proc/\(pid)", O_RDONLY | O_DIRECTORY),
            let stat = Self.read("stat", in: folder), let status = Self.read("status", in: folder)
        else { return nil }
        let line = Self.read("cmdline", in: folder) ?? []
        self.init(pid: pid, stat: stat, status: status, commandLine: line)
    }

    /// From the bytes of the three files; nil when they are not of that form.
    init?(pid: Int32, stat: [UInt8], status: [UInt8], commandLine: [UInt8]) {
        // The name in parentheses may hold anything, so fields are counted from the last parenthesis.
        guard let open = stat.firstIndex(of: UInt8(ascii: "(")), let close = stat.lastIndex(of: UInt8(ascii: ")")),
            open < close
        else { return nil }
        let fields = stat[(close + 1)...].split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") })
            .map { String(decoding: $0, as: UTF8.self) }
        // proc(5) counts them from 1, with the state as the third.
        func number<Number: FixedWidthInteger>(_ field: Int) -> Number? { Number(fields[field - 3]) }
        guard fields.count > 21, let state = fields[0].first, let parent: Int32 = number(4),
            let group: Int32 = number(5), let session: Int32 = number(6), let terminal: Int32 = number(7),
            let foreground: Int32 = number(8), let userTicks: UInt64 = number(14),
            let systemTicks: UInt64 = number(15), let nice: Int = number(19), let threads: Int = number(20),
            let start: UInt64 = number(22), let virtual: UInt64 = number(23), let resident: UInt64 = number(24)
        else { return nil }
        self.pid = pid
        command = String(decoding: stat[(open + 1)..<close], as: UTF8.self)
        self.state = state
        self.parent = parent
        processGroup = group
        self.session = session
        self.terminal = UInt32(bitPattern: terminal)
        foregroundGroup = foreground
        ticks = userTicks &+ systemTicks
        self.nice = nice
        self.threads = threads
        startTicks = start
        virtualMemory = virtual
        residentPages = resident
        let status = String(decoding: status, as: UTF8.self)
        // Real, effective, saved and file system user.
        guard let user = Self.words(after: "Uid:", in: status).dropFirst().first.flatMap({ UInt32($0) }) else {
            return nil
        }
        self.user = user
        locksMemory = Self.words(after: "VmLck:", in: status).first.map { $0 != "0" } ?? false
        arguments = commandLine.split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        // The last one is ended by a zero byte, too.
        while arguments.last?.isEmpty == true { arguments.removeLast() }
    }

    private static func read(_ file: String, in folder: borrowing FileDescriptor) -> [UInt8]? {
        guard let file = try? folder.open(file) else { return nil }
        return try? file.readAll(limit: 4 << 20)
    }

    private static func words(after key: String, in text: String) -> [Substring] {
        let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
        return line?.dropFirst(key.count).split(whereSeparator: { $0 == "\t" || $0 == " " }) ?? []
    }
}

/// What processes are measured by: the machine's clock, memory and users.
struct ProcessScale: Sendable {
    /// Clock ticks in a second.
    var ticksPerSecond: UInt64
    /// Clock ticks since the boot.
    var uptimeTicks: UInt64
    /// Seconds since 1970.
    var now: Int
    /// Bytes of memory that the machine has.
    var memory: UInt64
    /// Bytes of a page.
    var pageSize: UInt64
    /// Names of users.
    var users: [UInt32: String]

    /// The machine's, now.
    init() {
        ticksPerSecond = UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        pageSize = UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))
        memory = UInt64(max(1, sysconf(Int32(_SC_PHYS_PAGES)))) * pageSize
        var moment = timespec()
        clock_gettime(CLOCK_BOOTTIME, &moment)
        uptimeTicks =
            UInt64(moment.tv_sec) * ticksPerSecond + UInt64(moment.tv_nsec) * ticksPerSecond / 1_000_000_000
        now = time(nil)
        users = [:]
        let text = ((try? StoredFile.readText("/etc/passwd")) ?? nil) ?? ""
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
            guard fields.count == 4, let id = UInt32(fields[2]), users[id] == nil else { continue }
            users[id] = String(fields[0])
        }
    }
}
