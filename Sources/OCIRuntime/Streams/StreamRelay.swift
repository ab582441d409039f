internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Moves bytes between one process of a container and the clients that are attached to it, until the process has ended.
///
/// One thread, poll(2). The client that started the process is its reader as the far end of a pipe would be: while it
/// does not read, the process waits. Any other client that does not keep up is let go, so it never blocks the process.
final class StreamRelay {
    /// The process's streams, as their other ends.
    struct Streams: ~Copyable {
        var input: FileDescriptor?
        var output: FileDescriptor?
        var error: FileDescriptor?
        /// The master of the process's terminal; the three others are nil then.
        var terminal: FileDescriptor?
    }

    private final class Client {
        let socket: FileDescriptor
        /// The one that started the process.
        let isStarter: Bool
        var wantsOutput: Bool
        var sendsInput: Bool
        var unsent: [[UInt8]] = []
        var unsentBytes = 0

        init(_ socket: consuming FileDescriptor, isStarter: Bool, wantsOutput: Bool, sendsInput: Bool) {
            self.socket = socket
            self.isStarter = isStarter
            self.wantsOutput = wantsOutput
            self.sendsInput = sendsInput
        }
    }

    /// What a client that is not the starter may lag behind, in bytes.
    private static let lagLimit = 1 << 20
    private static let chunk = 16 << 10
    /// How often the clients of a container that is started again are offered what is left for them, at distances of 10 ms.
    private static let farewellRounds = 100

    private var input: FileDescriptor?
    private var output: FileDescriptor?
    private var error: FileDescriptor?
    private var terminal: FileDescriptor?
    private var clients: [Client] = []
    private let listener: FileDescriptor?
    private let log: OutputLog?
    private let closesInputWithClient: Bool
    private var unwritten: [UInt8] = []
    private var inputHasEnded = false
    private let buffer = StreamRelay.makeBuffer(StreamPacket.payloadLimit + 1)

    init(
        _ streams: consuming Streams, listener: consuming FileDescriptor?, log: OutputLog?,
        closesInputWithClient: Bool
    ) {
        input = streams.input.take()
        output = streams.output.take()
        error = streams.error.take()
        terminal = streams.terminal.take()
        self.listener = listener
        self.log = log
        self.closesInputWithClient = closesInputWithClient
        for number in [input.rawValue, output.rawValue, error.rawValue, terminal.rawValue] {
            if let number { _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK) }
        }
    }

    deinit { munmap(buffer.baseAddress, buffer.count) }

    /// A mapping of its own: on the heap it would keep pages that the start has used, and as long as nothing is written it
    /// needs none.
    private static func makeBuffer(_ count: Int) -> UnsafeMutableRawBufferPointer {
        let start = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let start, start != MAP_FAILED else {
            return .allocate(byteCount: count, alignment: 16)
        }
        return UnsafeMutableRawBufferPointer(start: start, count: count)
    }

    /// Attaches the client that started the process.
    func attachStarter(_ socket: consuming FileDescriptor, sendsInput: Bool) {
        Self.makeNonBlocking(socket)
        clients.append(Client(socket, isStarter: true, wantsOutput: true, sendsInput: sendsInput))
    }

    private static func makeNonBlocking(_ socket: borrowing FileDescriptor) {
        _ = fcntl(socket.rawValue, F_SETFL, fcntl(socket.rawValue, F_GETFL) | O_NONBLOCK)
    }

    /// Sends everybody the last packet behind all that came before it.
    ///
    /// The others are waited for within a bound, and the starter, which gets everything however slowly it reads, at last
    /// and without one, unless the container is about to be started again.
    func finish(_ packet: StreamPacket, waitsForStarter: Bool = true) {
        log?.finish()
        let bytes = packet.bytes
        for client in clients {
            client.unsent.append(bytes)
            client.unsentBytes += bytes.count
        }
        if waitsForStarter {
            for client in clients where !client.isStarter { wait(for: client, milliseconds: 20_000) }
            for client in clients where client.isStarter { wait(for: client, milliseconds: -1) }
        } else {
            // All together: whoever does not read keeps nobody from the next run.
            for round in 0..<Self.farewellRounds where clients.contains(where: { !$0.unsent.isEmpty }) {
                if round > 0 { usleep(10_000) }
                for client in clients where !flush(client) { client.unsent = [] }
            }
        }
        clients.removeAll()
    }

    /// Sends a client what is left for it, until it has it all, is gone, or does not read for `milliseconds`.
    private func wait(for client: Client, milliseconds: Int32) {
        while flush(client), !client.unsent.isEmpty {
            var entry = pollfd(fd: client.socket.rawValue, events: Int16(POLLOUT), revents: 0)
            let count = poll(&entry, 1, milliseconds)
            guard count > 0 || count < 0 && Errno.current == .interrupted else { return }
        }
    }

    // MARK: - The loop

    /// What an entry of the poll set stands for.
    private enum Source {
        case signals, process, companion, listener, output, error, terminal, terminalWritable, input
        case client(Client)
    }

    /// Relays until the process has ended and all that it wrote has been passed on.
    ///
    /// - Parameters:
    ///   - signals: a signalfd; each signal goes to `onSignal`.
    ///   - companions: are looked after meanwhile.
    func run(
        until pidfd: borrowing FileDescriptor, signals: borrowing FileDescriptor, _ companions: inout Companions,
        onSignal: (Int32) -> Void
    ) {
        var hasEnded = false
        nb_release_memory()
        while !hasEnded {
            companions.tend(hasEnded: false)
            var sources: [Source] = []
            var entries: [pollfd] = []
            func watch(_ number: Int32?, _ events: Int32, _ source: Source) {
                guard let number else { return }
                entries.append(pollfd(fd: number, events: Int16(events), revents: 0))
                sources.append(source)
            }
            watch(signals.rawValue, POLLIN, .signals)
            watch(pidfd.rawValue, POLLIN, .process)
            watch(companions.descriptor, POLLIN, .companion)
            watch(listener.rawValue, POLLIN, .listener)
            let isHeldBack = clients.contains { $0.isStarter && !$0.unsent.isEmpty }
            if !isHeldBack {
                watch(output.rawValue, POLLIN, .output)
                watch(error.rawValue, POLLIN, .error)
                watch(terminal.rawValue, POLLIN, .terminal)
            }
            if !unwritten.isEmpty {
                watch(input.rawValue, POLLOUT, .input)
                watch(terminal.rawValue, POLLOUT, .terminalWritable)
            }
            for client in clients {
                var events = client.unsent.isEmpty ? 0 : POLLOUT
                if unwritten.isEmpty { events |= POLLIN }
                watch(client.socket.rawValue, events, .client(client))
            }
            guard poll(&entries, nfds_t(entries.count), companions.patience) > 0 else { continue }
            for (entry, source) in zip(entries, sources) where entry.revents != 0 {
                switch source {
                case .signals: readSignals(signals, onSignal)
                case .process: hasEnded = true
                case .companion: companions.tend(hasEnded: true)
                case .listener: accept()
                case .output: output = relay(output.take(), .stdout)
                case .error: error = relay(error.take(), .stderr)
                case .terminal: terminal = relay(terminal.take(), .stdout)
                case .input, .terminalWritable: writeInput()
                case .client(let client): serve(client, Int32(entry.revents))
                }
            }
        }
        drain()
    }

    private func readSignals(_ signals: borrowing FileDescriptor, _ onSignal: (Int32) -> Void) {
        while true {
            let signal = nb_read_signal(signals.rawValue)
            guard signal > 0 else { return }
            onSignal(signal)
        }
    }

    /// Takes what the process has left in its pipes.
    ///
    /// No more than a pipe holds, and without waiting for anybody: others may hold the write end, and write on, and the
    /// end of the process is recorded behind this.
    private func drain() {
        drain(output.take(), .stdout)
        drain(error.take(), .stderr)
        drain(terminal.take(), .stdout)
    }

    private func drain(_ stream: consuming FileDescriptor?, _ kind: JSONFileLog.Stream) {
        guard let capacity = stream.rawValue.map({ fcntl($0, NB_F_GETPIPE_SZ) }) else { return }
        // Every read of a pipe is full, or the pipe is empty after it. A terminal has no such size and gives a line or two
        // at a time.
        var rounds = capacity < 0 ? 256 : Int(capacity) / Self.chunk + 1
        var rest = consume stream
        while rounds > 0, isReadable(rest) {
            rest = relay(rest.take(), kind)
            rounds -= 1
        }
    }

    private func isReadable(_ stream: borrowing FileDescriptor?) -> Bool {
        guard let number = stream.rawValue else { return false }
        var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0 && Int32(entry.revents) & POLLIN != 0
    }

    // MARK: - From the process

    /// Reads once and passes it on; nil when the stream has ended.
    private func relay(_ stream: consuming FileDescriptor?, _ kind: JSONFileLog.Stream) -> FileDescriptor? {
        guard let stream else { return nil }
        guard let base = buffer.baseAddress else { return stream }
        let count = read(stream.rawValue, base + 1, Self.chunk)
        if count < 0 {
            let errno = Errno.current
            // EIO: the last slave of a terminal was closed.
            if errno == .tryAgain || errno == .interrupted { return stream }
            return nil
        }
        guard count > 0 else { return nil }
        log?.append(UnsafeRawBufferPointer(start: base + 1, count: count), to: kind)
        guard clients.contains(where: \.wantsOutput) else { return stream }
        buffer[0] = kind == .stdout ? UInt8(ascii: "O") : UInt8(ascii: "R")
        let packet = UnsafeRawBufferPointer(start: base, count: count + 1)
        for client in clients where client.wantsOutput {
            if client.unsent.isEmpty {
                let sent = send(client.socket.rawValue, packet.baseAddress, packet.count, Int32(MSG_NOSIGNAL))
                if sent >= 0 { continue }
                if Errno.current != .tryAgain {
                    remove(client)
                    continue
                }
            }
            enqueue(Array(packet), to: client)
        }
        return stream
    }

    private func enqueue(_ packet: [UInt8], to client: Client) {
        client.unsent.append(packet)
        client.unsentBytes += packet.count
        if !flush(client) || (!client.isStarter && client.unsentBytes > Self.lagLimit) { remove(client) }
    }

    /// Sends what it can; false when the client is gone.
    private func flush(_ client: Client) -> Bool {
        while let packet = client.unsent.first {
            let sent = packet.withUnsafeBytes {
                send(client.socket.rawValue, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if sent < 0 {
                let errno = Errno.current
                if errno == .interrupted { continue }
                return errno == .tryAgain
            }
            client.unsent.removeFirst()
            client.unsentBytes -= packet.count
        }
        return true
    }

    // MARK: - From the clients

    private func accept() {
        guard let number = listener.rawValue else { return }
        // The socket's folder is root's alone; the peer is asked all the same (threats.md, CVE-2020-15257).
        let socket = nb_accept_from_user(number, geteuid())
        guard socket >= 0 else { return }
        let descriptor = FileDescriptor(owning: socket)
        clients.append(Client(descriptor, isStarter: false, wantsOutput: false, sendsInput: false))
    }

    private func remove(_ client: Client) {
        guard let index = clients.firstIndex(where: { $0 === client }) else { return }
        clients.remove(at: index)
        if client.isStarter, client.sendsInput, closesInputWithClient { endInput() }
    }

    private func serve(_ client: Client, _ events: Int32) {
        if events & POLLOUT != 0, !flush(client) { return remove(client) }
        guard events & (POLLIN | POLLHUP | POLLERR) != 0 else { return }
        let count = recv(client.socket.rawValue, buffer.baseAddress, buffer.count, 0)
        if count < 0, Errno.current == .tryAgain || Errno.current == .interrupted { return }
        guard count > 0 else { return remove(client) }
        guard let packet = StreamPacket(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return }
        switch packet {
        case .hello(let wantsOutput, let sendsInput):
            client.wantsOutput = wantsOutput
            client.sendsInput = sendsInput
        case .input(let bytes):
            guard client.sendsInput, !inputHasEnded else { return }
            unwritten += bytes
            writeInput()
        case .inputEnd:
            if client.sendsInput { endInput() }
        case .windowSize(let rows, let columns):
            var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
            if let number = terminal.rawValue { _ = ioctl(number, UInt(TIOCSWINSZ), &size) }
        case .output, .errorOutput, .exited, .failed: break
        }
    }

    /// The input closes once all before it was written.
    ///
    /// A terminal stays: its end is a character that the client types.
    private func endInput() {
        inputHasEnded = true
        if unwritten.isEmpty { input = nil }
    }

    private func writeInput() {
        guard let number = input.rawValue ?? terminal.rawValue else {
            unwritten = []
            return
        }
        while !unwritten.isEmpty {
            let count = unwritten.withUnsafeBytes { write(number, $0.baseAddress, $0.count) }
            if count < 0 {
                let errno = Errno.current
                if errno == .interrupted { continue }
                if errno == .tryAgain { return }
                // Nobody reads any more.
                unwritten = []
                input = nil
                return
            }
            unwritten.removeFirst(count)
        }
        if inputHasEnded { input = nil }
    }
}
