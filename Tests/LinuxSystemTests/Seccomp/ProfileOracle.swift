import Glibc
import OCISpec

@testable import LinuxSystem

/// What a profile means, worked out slowly from its text and from the kernel's own headers: no libseccomp, no BPF.
struct ProfileOracle {
    typealias Seccomp = RuntimeSpecification.Linux.Seccomp

    let profile: Seccomp
    private let tables: [SeccompArchitecture: [UInt32: String]]
    private let rules: [String: [Seccomp.Syscall]]
    /// The numbers that the profile is about.
    private let known: [SeccompArchitecture: [UInt32]]

    init(_ profile: Seccomp) throws {
        self.profile = profile
        let tables = try Self.kernelTables.get()
        var rules: [String: [Seccomp.Syscall]] = [:]
        for rule in profile.syscalls {
            for name in rule.names { rules[name, default: []].append(rule) }
        }
        known = tables.mapValues { table in table.filter { rules[$0.value] != nil }.map(\.key) }
        self.tables = tables
        self.rules = rules
    }

    /// Numbers (without x32's bit) and names of the three ABIs of x86 machines.
    static let kernelTables = Result { try readKernelTables() }

    private static func readKernelTables() throws -> [SeccompArchitecture: [UInt32: String]] {
        var tables: [SeccompArchitecture: [UInt32: String]] = [:]
        for (architecture, file) in [(SeccompArchitecture.x86_64, "64"), (.x86, "32"), (.x32, "x32")] {
            let bytes = try FileDescriptor.open("/usr/include/x86_64-linux-gnu/asm/unistd_\(file).h").readAll()
            var table: [UInt32: String] = [:]
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
                let words = line.split(separator: " ")
                guard words.count >= 3, words[0] == "#define", words[1].hasPrefix("__NR_"),
                    let number = words.last.flatMap({ UInt32($0.prefix { $0.isNumber }) })
                else { continue }
                table[number] = String(words[1].dropFirst(5))
            }
            // Debian 12's headers are Linux 6.1's, which ends at 450.
            let later: [UInt32: String] = [
                451: "cachestat", 452: "fchmodat2", 454: "futex_wake", 455: "futex_wait", 456: "futex_requeue",
                457: "statmount", 458: "listmount", 459: "lsm_get_self_attr", 460: "lsm_set_self_attr",
                461: "lsm_list_modules", 462: "mseal", 463: "setxattrat", 464: "getxattrat", 465: "listxattrat",
                466: "removexattrat", 467: "open_tree_attr", 468: "file_getattr", 469: "file_setattr",
                470: "listns", 471: "rseq_slice_yield",
            ]
            table.merge(later) { old, _ in old }
            if architecture != .x32 { table[453] = "map_shadow_stack" }
            if architecture == .x86_64 { table[335] = "uretprobe" }
            tables[architecture] = table
        }
        return tables
    }

    /// The value that the filter has to answer.
    func answer(_ architecture: SeccompArchitecture, _ number: UInt32, _ arguments: [UInt64]) -> UInt32 {
        let unlisted = value(profile.defaultAction, profile.defaultErrnoRet)
        let table = tables[architecture] ?? [:]
        if !isPermissive(profile.defaultAction), isNewer(number, architecture) { return 0x5_0000 | 38 }
        guard let name = table[number] else { return unlisted }
        let rules = (rules[name] ?? []).filter { value($0.action, $0.errnoRet) != unlisted }
        if let rule = rules.first(where: { $0.args.isEmpty }) { return value(rule.action, rule.errnoRet) }
        for rule in rules {
            let repeats = Set(rule.args.map(\.index)).count < rule.args.count
            let holds = { (argument: Seccomp.Argument) in Self.holds(argument, arguments) }
            if repeats ? rule.args.contains(where: holds) : rule.args.allSatisfy(holds) {
                return value(rule.action, rule.errnoRet)
            }
        }
        return unlisted
    }

    private func isNewer(_ number: UInt32, _ architecture: SeccompArchitecture) -> Bool {
        let known = known[architecture] ?? []
        guard let highest = known.max() else { return false }
        if architecture == .x32, number < 512 {
            return known.filter { $0 < 512 }.max().map { number > $0 } ?? false
        }
        return number > highest
    }

    private func isPermissive(_ action: Seccomp.Action) -> Bool {
        [.allow, .log, .trace, .notify].contains(action)
    }

    private func value(_ action: Seccomp.Action, _ errnoRet: UInt32?) -> UInt32 {
        switch action {
        case .kill, .killThread: 0
        case .killProcess: 0x8000_0000
        case .trap: 0x3_0000
        case .errno: 0x5_0000 | (errnoRet ?? 1)
        case .notify: 0x7fc0_0000
        case .trace: 0x7ff0_0000 | (errnoRet ?? 1)
        case .log: 0x7ffc_0000
        case .allow: 0x7fff_0000
        }
    }

    private static func holds(_ argument: Seccomp.Argument, _ arguments: [UInt64]) -> Bool {
        let value = Int(argument.index) < arguments.count ? arguments[Int(argument.index)] : 0
        return switch argument.op {
        case .notEqual: value != argument.value
        case .less: value < argument.value
        case .lessOrEqual: value <= argument.value
        case .equal: value == argument.value
        case .greaterOrEqual: value >= argument.value
        case .greater: value > argument.value
        case .maskedEqual: value & argument.value == argument.valueTwo
        }
    }
}
