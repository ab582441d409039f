internal import Glibc
internal import LinuxSystem

/// What can be told of a process, in the terms of ps(1).
public enum ProcessColumn: String, Sendable, Hashable, CaseIterable {
    /// The process id.
    case pid
    /// The id of the process that started it, or took it over.
    case ppid
    /// The user's name, or number where it has none.
    case user
    /// The user's number.
    case uid
    /// The share of one processor that it had in its life, in percent; `c` without a fraction.
    case pcpu, c
    /// Its part of the machine's memory, in percent.
    case pmem
    /// Memory that is there, in KiB.
    case rss
    /// Virtual memory, in KiB.
    case vsz
    /// Its terminal.
    case tty
    /// What it does, in letters.
    case stat
    /// When it started.
    case stime
    /// The processor time that it had, `[days-]hours:minutes:seconds`.
    case time
    /// How long it has been there, `[[days-]hours:]minutes:seconds`.
    case etime
    /// The name of its program.
    case comm
    /// The program with its arguments.
    case args, cmd

    /// A column with a title of its own.
    struct Titled: Sendable, Hashable {
        var column: ProcessColumn
        var title: String
    }

    /// The columns of `ps -ef`.
    static let full: [Titled] = [
        Titled(column: .user, title: "UID"), Titled(column: .pid, title: "PID"), Titled(column: .ppid, title: "PPID"),
        Titled(column: .c, title: "C"), Titled(column: .stime, title: "STIME"), Titled(column: .tty, title: "TTY"),
        Titled(column: .time, title: "TIME"), Titled(column: .cmd, title: "CMD"),
    ]

    /// Its title.
    var title: String {
        switch self {
        case .pcpu: "%CPU"
        case .pmem: "%MEM"
        case .tty: "TT"
        case .etime: "ELAPSED"
        case .comm, .args: "COMMAND"
        default: rawValue.uppercased()
        }
    }

    /// What it says of a process.
    func text(of process: ProcessSnapshot, _ scale: ProcessScale) -> String {
        let age = scale.uptimeTicks > process.startTicks ? scale.uptimeTicks - process.startTicks : 0
        switch self {
        case .pid: return String(process.pid)
        case .ppid: return String(process.parent)
        case .user: return scale.users[process.user] ?? String(process.user)
        case .uid: return String(process.user)
        case .pcpu: return Self.tenths(age == 0 ? 0 : process.ticks * 1000 / age)
        case .c: return String(age == 0 ? 0 : min(process.ticks * 100 / age, 99))
        case .pmem: return Self.tenths(process.residentPages * scale.pageSize * 1000 / scale.memory)
        case .rss: return String(process.residentPages * scale.pageSize / 1024)
        case .vsz: return String(process.virtualMemory / 1024)
        case .tty: return Self.terminal(process.terminal)
        case .stat: return Self.state(of: process)
        case .stime: return Self.start(Int(age / scale.ticksPerSecond), before: scale.now)
        case .time: return Self.clock(process.ticks / scale.ticksPerSecond, hasHours: true)
        case .etime: return Self.clock(age / scale.ticksPerSecond, hasHours: false)
        case .comm: return process.command + (process.state == "Z" ? " <defunct>" : "")
        case .args, .cmd:
            guard process.arguments.isEmpty else { return process.arguments.joined(separator: " ") }
            return "[\(process.command)]" + (process.state == "Z" ? " <defunct>" : "")
        }
    }

    private static func tenths(_ value: UInt64) -> String { "\(value / 10).\(value % 10)" }

    /// `pts/0`, as Linux numbers terminals (admin-guide/devices).
    private static func terminal(_ device: UInt32) -> String {
        let (major, minor) = (device >> 8 & 0xfff, device & 0xff | device >> 12 & 0xfff00)
        switch (major, minor) {
        case (4, 0..<64): return "tty\(minor)"
        case (4, _): return "ttyS\(minor - 64)"
        case (136...143, _): return "pts/\((major - 136) * 256 + minor)"
        default: return "?"
        }
    }

    private static func state(of process: ProcessSnapshot) -> String {
        var text = String(process.state)
        if process.nice != 0 { text += process.nice < 0 ? "<" : "N" }
        if process.locksMemory { text += "L" }
        if process.session == process.pid { text += "s" }
        if process.threads > 1 { text += "l" }
        if process.foregroundGroup == process.processGroup { text += "+" }
        return text
    }

    /// The time of one that started today, the day of one that started this year, else the year; in the local time zone.
    private static func start(_ seconds: Int, before now: Int) -> String {
        var (present, moment) = (now, now - seconds)
        var (today, day) = (tm(), tm())
        localtime_r(&present, &today)
        localtime_r(&moment, &day)
        if today.tm_year != day.tm_year { return String(1900 + day.tm_year) }
        guard today.tm_yday == day.tm_yday else {
            let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
            return months[Int(day.tm_mon) % 12] + twoDigits(UInt64(day.tm_mday))
        }
        return twoDigits(UInt64(day.tm_hour)) + ":" + twoDigits(UInt64(day.tm_min))
    }

    private static func clock(_ seconds: UInt64, hasHours: Bool) -> String {
        let (days, hours) = (seconds / 86_400, seconds / 3600 % 24)
        var text = days > 0 ? "\(days)-" : ""
        if hasHours || days > 0 || hours > 0 { text += twoDigits(hours) + ":" }
        return text + twoDigits(seconds / 60 % 60) + ":" + twoDigits(seconds % 60)
    }

    private static func twoDigits(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
