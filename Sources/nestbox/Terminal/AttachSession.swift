internal import Glibc
internal import LinuxSystem
internal import Nestbox
internal import OCIRuntime

/// Carries bytes between this process' standard streams and a container's, until one side has enough.
///
/// One thread, one poll(2): what the container writes is never held up by what is typed, and the other way round.
struct AttachSession: ~Copyable {
    /// How a session ends.
    enum End: Equatable {
        /// The container's process has ended.
        case exited(code: Int32)
        /// It could not be started.
        case failed(String)
        /// The user typed the detach keys.
        case detached
        /// The supervisor went away without a word.
        case lost
        /// This process has to end by a signal.
        case signal(Int32)
    }

    private let socket: FileDescriptor
    private let signals: SignalReceiver
    private let streams: StreamChoice
    private let forward: (Int32) -> Void
    private var keys: DetachKeys
    private var inputIsOpen: Bool
    /// A packet that the socket had no room for yet.
    private var pending: [UInt8]?
    private var detached = false
    private var buffer = [UInt8](repeating: 0, count: StreamPacket.payloadLimit + 1)

    /// What is carried.
    struct StreamChoice {
        /// Standard input is sent.
        var input: Bool
        /// The container's standard output is written.
        var output = true
        /// The container's standard error is written.
        var error = true
        /// The container has a terminal of its own.
        var tty: Bool
        /// Signals are handed on.
        var proxiesSignals: Bool
        /// The keys that end the session.
        var keys = DetachKeys.usual

        /// Whether this process' terminal goes into raw mode.
        var isRaw: Bool { tty && input && Terminal.isTerminal(STDIN_FILENO) }

        /// The signals to receive while it lasts.
        var signals: [Int32] {
            (proxiesSignals ? SignalReceiver.proxied : isRaw ? SignalReceiver.terminating : [])
                + (tty ? [SIGWINCH] : [])
        }
    }

    /// A session over a connected socket.
    ///
    /// - Parameter forward: hands a signal on to the container.
    init(
        socket: consuming FileDescriptor, signals: consuming SignalReceiver, streams: StreamChoice,
        forward: @escaping (Int32) -> Void
    ) {
        self.socket = socket
        self.signals = signals
        self.streams = streams
        self.forward = forward
        keys = streams.tty && streams.input ? streams.keys : DetachKeys(keys: [])
        inputIsOpen = streams.input
    }

    /// Runs to the end; the terminal is as before when this returns or throws.
    ///
    /// - Throws: `SystemError`.
    consuming func run() throws(SystemError) -> End {
        // An early end of whoever reads our output must not leave the terminal in raw mode.
        signal(SIGPIPE, SIG_IGN)
        let isRaw = streams.isRaw
        do throws(SystemError) {
            guard isRaw else { return try carry() }
            let raw = try RawTerminal.enter()
            let end = try carry()
            withExtendedLifetime(raw) {}
            return end
        } catch  where error.errno == .brokenPipe {
            return .signal(SIGPIPE)
        }
    }

    private mutating func carry() throws(SystemError) -> End {
        if streams.tty { queueWindowSize() }
        while true {
            var waiting = [
                pollfd(fd: socket.rawValue, events: Int16(POLLIN | (pending == nil ? 0 : POLLOUT)), revents: 0),
                pollfd(fd: signals.descriptor.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: inputIsOpen && pending == nil ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
            ]
            try retrying("wait for", "the container") { poll(&waiting, nfds_t(waiting.count), -1) }
            if waiting[1].revents != 0, let end = try takeSignals() { return end }
            if waiting[0].revents & Int16(POLLOUT) != 0 { try sendPending() }
            if waiting[0].revents & ~Int16(POLLOUT) != 0, let end = try takePacket() { return end }
            if waiting[2].revents != 0 { try takeInput() }
            if detached, pending == nil { return .detached }
        }
    }

    // MARK: From the container

    private mutating func takePacket() throws(SystemError) -> End? {
        let number = socket.rawValue
        var count = 0
        do throws(SystemError) {
            count = try retrying("receive from", "the container's supervisor") {
                buffer.withUnsafeMutableBytes { recv(number, $0.baseAddress, $0.count, 0) }
            }
        } catch  where error.errno == Errno(ECONNRESET) {
            return .lost
        }
        if count == 0 { return .lost }
        if buffer[0] == UInt8(ascii: "O") || buffer[0] == UInt8(ascii: "R") {
            let isOutput = buffer[0] == UInt8(ascii: "O")
            guard isOutput ? streams.output : streams.error else { return nil }
            var failure: SystemError?
            buffer.withUnsafeBytes {
                do throws(SystemError) {
                    try StandardOutput.writeAll(
                        UnsafeRawBufferPointer(rebasing: $0[1..<count]), to: isOutput ? STDOUT_FILENO : STDERR_FILENO)
                } catch { failure = error }
            }
            if let failure { throw failure }
            return nil
        }
        let packet = buffer.withUnsafeBytes { StreamPacket(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        switch packet {
        case .exited(let code, _): return .exited(code: code)
        case .failed(let text): return .failed(text)
        default: return nil
        }
    }

    // MARK: To the container

    private mutating func takeInput() throws(SystemError) {
        var bytes = [UInt8](repeating: 0, count: StreamPacket.payloadLimit - keys.keys.count)
        var count = bytes.withUnsafeMutableBytes { Glibc.read(STDIN_FILENO, $0.baseAddress, $0.count) }
        if count < 0 {
            let error = Errno.current
            if error == .interrupted || error == .tryAgain { return }
            // A terminal that hung up, or a closed descriptor: the end of the input.
            count = 0
        }
        guard count > 0 else {
            inputIsOpen = false
            return try queue(.inputEnd)
        }
        let (passed, isComplete) = keys.filter(bytes[..<count])
        if isComplete {
            detached = true
            inputIsOpen = false
        }
        if !passed.isEmpty { try queue(.input(passed)) }
    }

    private mutating func queue(_ packet: StreamPacket) throws(SystemError) {
        pending = packet.bytes
        try sendPending()
    }

    private mutating func queueWindowSize() {
        guard let size = Terminal.size else { return }
        let packet = StreamPacket.windowSize(rows: size.rows, columns: size.columns)
        // Small and rare: when the socket has no room for it, the next change of size will do.
        _ = packet.bytes.withUnsafeBytes {
            Glibc.send(socket.rawValue, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        }
    }

    private mutating func sendPending() throws(SystemError) {
        guard let bytes = pending else { return }
        let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
        let number = socket.rawValue
        let count = bytes.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, flags) }
        if count < 0 {
            let error = Errno.current
            if error == .tryAgain || error == .interrupted { return }
            // The container has ended, and what it has left to say is still in the socket.
            inputIsOpen = false
        }
        pending = nil
    }

    private mutating func takeSignals() throws(SystemError) -> End? {
        while let signal = try signals.next() {
            if signal == SIGWINCH {
                queueWindowSize()
            } else if streams.proxiesSignals {
                forward(signal)
            } else {
                return .signal(signal)
            }
        }
        return nil
    }
}
