internal import CLinux
internal import Glibc
public import LinuxSystem
internal import OCIRuntime
internal import OCISpec

/// A process that was started in a container, and the streams to it.
public struct StartedProcess: ~Copyable, Sendable {
    /// Its pid in the host's PID namespace.
    public let pid: Int32
    /// The client's end of its streams (`StreamSocket`); nil when none was asked for.
    public var socket: FileDescriptor?
    /// What was asked for and could not be had, one line each.
    public internal(set) var warnings: [String]
}

/// Starts `nestbox-runtime` in one of its roles and hears what came of it.
struct RuntimeLauncher: Sendable {
    /// The path of `nestbox-runtime`.
    let path: String
    /// Who reaps the supervisors that this process has started.
    let reaper: ChildReaper
    /// What is executed.
    let sealed: SealedRuntime

    /// The role of who stands behind a container.
    static let supervisor = "supervise"

    /// Runs the runtime in a role, with a request.
    ///
    /// - Parameters:
    ///   - ahead: a program of that role that was started for this; nil: it is started now.
    ///   - attached: whether a connected stream socket is wanted.
    ///   - descriptors: what the request names by number; they have the same numbers in the runtime.
    ///   - isAwaited: whether the runtime is told when `meanwhile` has returned.
    ///   - meanwhile: called while the runtime prepares what it can alone.
    ///   - makeInterfaces: called, if the request says that the runtime waits for it, with the pid of a process that has the
    ///     container's namespaces.
    /// - Throws: `EngineError.startFailed` with the runtime's own words and exit code; what the two throw.
    func run(
        _ role: String, _ ahead: consuming StartedAhead? = nil, request: [UInt8], attached: Bool,
        inheriting descriptors: [Int32] = [], isAwaited: Bool = false, meanwhile: () throws -> Void = {},
        makeInterfaces: (Int32) throws -> Void = { _ in }
    ) throws -> StartedProcess {
        reaper.reapEnded()
        let document = try Self.memoryFile(request)
        guard attached else {
            let runtime = try begin(role, ahead, [document.rawValue], hasClient: false, descriptors)
            return try hear(runtime, role: role, socket: nil, isAwaited: isAwaited, meanwhile, makeInterfaces)
        }
        let sockets = try DescriptorPair.packetSockets()
        let runtime = try begin(
            role, ahead, [document.rawValue, sockets.second.rawValue], hasClient: true, descriptors)
        return try hear(
            runtime, role: role, socket: sockets.takeFirst(), isAwaited: isAwaited, meanwhile, makeInterfaces)
    }

    /// Starts the runtime in a role before what it is to do is known: it gets ready meanwhile.
    ///
    /// - Throws: `SystemError`.
    func startAhead(_ role: String) throws(SystemError) -> StartedAhead {
        let program = try sealed.program(at: path)
        let report = try DescriptorPair.packetSockets()
        let number = report.second.rawValue
        let pid = try spawn(program, [path, role, "--report-fd", String(number)], [number])
        return StartedAhead(report.takeFirst(), pid: pid, role: role, program: program)
    }

    /// Gives the request and its descriptors to a program that was started ahead, or starts one with them.
    ///
    /// - Parameters:
    ///   - own: the request, and the client's socket when there is a client.
    ///   - descriptors: what the request names by number.
    private func begin(
        _ role: String, _ ahead: consuming StartedAhead?, _ own: [Int32], hasClient: Bool, _ descriptors: [Int32]
    ) throws(SystemError) -> RunningRuntime {
        let program = try sealed.program(at: path)
        if let started = ahead.take(), started.fits(role, program) {
            let begun = started.begin(own + descriptors, hasClient: hasClient)
            if let running = begun { return running }
        }
        let report = try DescriptorPair.packetSockets()
        var arguments = [path, role, "--request-fd", String(own[0]), "--report-fd", String(report.second.rawValue)]
        if hasClient { arguments += ["--client-fd", String(own[1])] }
        for descriptor in descriptors { arguments += ["--keep-fd", String(descriptor)] }
        let pid = try spawn(program, arguments, own + [report.second.rawValue] + descriptors)
        // Our copy of the other end must go, or the end never comes.
        return RunningRuntime(pid: pid, report: report.takeFirst())
    }

    private static func memoryFile(_ bytes: [UInt8]) throws(SystemError) -> FileDescriptor {
        let file = FileDescriptor(owning: try checked(nb_memory_file("nestbox-request"), "make", "a memory file"))
        try file.writeAll(bytes)
        let number = file.rawValue
        try retrying("rewind", "the request") { lseek(number, 0, SEEK_SET) }
        return file
    }

    /// Reads the report, or learns that the runtime ended without one.
    private func hear(
        _ running: consuming RunningRuntime, role: String, socket: consuming FileDescriptor?,
        isAwaited: Bool, _ meanwhile: () throws -> Void, _ makeInterfaces: (Int32) throws -> Void
    ) throws -> StartedProcess {
        let runtime = running.pid
        let reader = running.takeReport()
        var received: LaunchReport?
        do {
            try meanwhile()
            // One that has failed by now is not there to hear it, and has said why.
            if isAwaited { _ = send(reader.rawValue, [UInt8(0)], 1, Int32(MSG_NOSIGNAL)) }
            received = try Self.read(reader)
            if let pid = received?.namespaces {
                try makeInterfaces(pid)
                try reader.writeAll([UInt8(1)])
                received = try Self.read(reader)
            }
        } catch {
            // Either the runtime has failed meanwhile, and says so, or it learns of our failure by the end of the socket.
            shutdown(reader.rawValue, Int32(SHUT_WR))
            repeat { received = try Self.read(reader) } while received?.namespaces != nil
            guard received?.error != nil else {
                _ = ChildReaper.wait(for: runtime)
                throw error
            }
        }
        guard let answer = received else {
            let status = ChildReaper.wait(for: runtime)
            let fate = status & 0x7f == 0 ? "exit code \(status >> 8 & 0xff)" : "signal \(status & 0x7f)"
            throw EngineError.startFailed(
                reason: "nestbox-runtime \(role) ended without a report (\(fate))", exitCode: 125)
        }
        if let pid = answer.pid {
            reaper.add(runtime)
            return StartedProcess(pid: pid, socket: socket, warnings: answer.warnings)
        }
        _ = ChildReaper.wait(for: runtime)
        throw EngineError.startFailed(
            reason: answer.error ?? "nestbox-runtime \(role) failed without a reason",
            exitCode: answer.exitCode ?? 125)
    }

    /// The next report, a packet; nil when the runtime ended without one.
    private static func read(_ reader: borrowing FileDescriptor) throws -> LaunchReport? {
        var packet = [UInt8](repeating: 0, count: 64 << 10)
        let count: Int
        do {
            count = try packet.withUnsafeMutableBytes { try reader.read(into: $0) }
        } catch let error as SystemError where error.errno == Errno(ECONNRESET) {
            // It ended before it had read our word; its own comes behind this error.
            count = try packet.withUnsafeMutableBytes { try reader.read(into: $0) }
        }
        return count == 0 ? nil : try LaunchReport(jsonBytes: Array(packet[..<count]))
    }

    private func spawn(
        _ sealed: SealedRuntime.Sealed, _ arguments: [String], _ inherited: [Int32]
    ) throws(SystemError) -> pid_t {
        // Sealed here, the runtime need not execute itself a second time to be safe from its container.
        var program = HostProgram("/proc/self/fd/\(sealed.descriptor)", arguments)
        program.leavesCgroup = true
        program.kept = inherited
        let pid: pid_t
        do throws(SystemError) {
            pid = try program.spawn()
        } catch {
            throw SystemError("start", path, error.errno)
        }
        sealed.settle()
        return pid
    }
}
