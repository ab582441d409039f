internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// A criu that carries out one request (`criu swrk`).
final class CRIUSession {
    enum Streams {
        case null
        /// This process's own.
        case inherited
    }

    let process: Int32
    private var socket: FileDescriptor?
    private var isReaped = false
    /// The most that an answer may take, in milliseconds; -1: no bound.
    private let bound: Int32

    /// The number of the first descriptor that is handed to criu, in criu: behind the streams and the socket.
    static let firstHanded: Int32 = 4

    /// Starts criu.
    ///
    /// - Parameters:
    ///   - handed: descriptors that it gets.
    ///   - mountNamespace: where it runs; -1: in this process's.
    ///   - bound: the most that an answer may take, in milliseconds; then it is killed. -1: no bound, as for all that is begun
    ///     with the container's processes: a dump takes as long as there is memory, and a criu that is killed in it leaves
    ///     them with its own code.
    /// - Throws: `LaunchError`.
    init(
        _ program: String, streams: Streams, handing handed: [Int32] = [], mountNamespace: Int32 = -1,
        bound: Int32 = -1
    ) throws(LaunchError) {
        self.bound = bound
        do throws(SystemError) {
            let ends = try DescriptorPair.packetSockets().release()
            let theirs = FileDescriptor(owning: ends.second)
            let own = FileDescriptor(owning: ends.first)
            let null = try FileDescriptor.open("/dev/null", O_RDWR)
            let standard: [Int32] =
                switch streams {
                case .null: [null.rawValue, null.rawValue, null.rawValue]
                case .inherited: [0, 1, 2]
                }
            var command = HostProgram(program, [program, "swrk", "3"])
            command.environment = Self.environment
            command.descriptors = standard + [theirs.rawValue] + handed
            command.mountNamespace = mountNamespace
            process = try command.spawn()
            socket = consume own
            _ = consume theirs
        } catch {
            throw LaunchError("cannot run criu: \(error)")
        }
    }

    deinit {
        _ = socket.take()
        guard !isReaped else { return }
        kill(process, SIGKILL)
        _ = ChildProcess.exitCode(of: process)
    }

    /// This process's own; criu starts programs of the host (tar, iptables), which it looks for in the PATH.
    private static var environment: [String] {
        var variables: [String] = []
        var next = environ
        while let pointer = next.pointee {
            variables.append(String(cString: pointer))
            next += 1
        }
        if !variables.contains(where: { $0.begins(with: "PATH=") }) {
            variables.append("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        }
        return variables
    }

    // MARK: - Requests

    /// A point that criu has reached.
    struct Notification {
        let name: String
        let process: Int32?
        /// The master of a terminal, where one comes with it; closed behind the call.
        let terminal: Int32?
    }

    /// Sends the request and waits for its answer; that may be that it has failed.
    ///
    /// - Parameter notified: called at each point where criu waits; when it throws, criu gives up.
    /// - Throws: `LaunchError` of `notified`, or when there is no answer.
    func send(
        _ request: CRIURequest,
        notified: (Notification) throws(LaunchError) -> Void = { _ in }
    ) throws(LaunchError) -> CRIUResponse {
        defer { end() }
        try send(request)
        var failure: LaunchError?
        while true {
            let answer: Answer
            do throws(LaunchError) {
                answer = try receive()
            } catch {
                throw failure ?? error
            }
            let response = answer.response
            guard let name = response.notification else {
                if let failure { throw failure }
                return response
            }
            do throws(LaunchError) {
                try notified(
                    Notification(
                        name: name, process: response.notifiedProcess, terminal: answer.descriptor.rawValue))
            } catch {
                failure = failure ?? error
            }
            try send(CRIURequest(kind: .notify, goesOn: failure == nil))
        }
    }

    private func send(_ request: CRIURequest) throws(LaunchError) {
        let bytes = request.bytes
        let number = socket.rawValue ?? -1
        let count = Glibc.send(number, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        guard count != bytes.count else { return }
        throw ended()
    }

    private struct Answer: ~Copyable {
        let response: CRIUResponse
        let descriptor: FileDescriptor?
    }

    private func receive() throws(LaunchError) -> Answer {
        guard isAnswerComing() else {
            kill(process, SIGKILL)
            _ = ended()
            throw LaunchError("criu hangs: it has not answered for \(bound / 1000) s, and was ended; is it criu?")
        }
        // Its answers take some hundred bytes.
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var number: Int32 = -1
        let count = nb_receive_packet(socket.rawValue ?? -1, &buffer, buffer.count, &number)
        let descriptor = number < 0 ? nil : FileDescriptor(owning: number)
        guard count > 0 else { throw ended() }
        do throws(ProtobufError) {
            return Answer(response: try CRIUResponse(buffer[..<Int(count)]), descriptor: descriptor)
        } catch {
            throw LaunchError("cannot understand what criu answers: \(error)")
        }
    }

    private func isAnswerComing() -> Bool {
        var entry = pollfd(fd: socket.rawValue ?? -1, events: Int16(POLLIN), revents: 0)
        // What an error is about is learned when the answer is read.
        let count = try? retrying("wait for", "criu") { poll(&entry, 1, bound) }
        return count != 0
    }

    private func ended() -> LaunchError {
        _ = socket.take()
        isReaped = true
        let status = ChildProcess.exitCode(of: process)
        let end = status > 128 ? "signal \(status - 128) has ended it" : "it has ended with status \(status)"
        return LaunchError("criu gives no answer: \(end)")
    }

    /// Waits for its end: after a pre-dump it would wait for another request.
    private func end() {
        _ = socket.take()
        guard !isReaped else { return }
        isReaped = true
        _ = ChildProcess.exitCode(of: process)
    }
}
