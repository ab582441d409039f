internal import Glibc
internal import LinuxSystem
internal import OCIRuntime
internal import Synchronization

/// The client's end of a process' streams, for tasks: nothing here blocks a thread.
final class ProcessConnection: Sendable {
    /// Whose streams they are, for errors.
    private let name: String
    private let socket: FileDescriptor
    private let state = Mutex(State())

    private struct State {
        /// How it came to its end.
        var end: Result<ExitStatus, EngineError>?
        var hasReader = false
        /// Those who wait for the end or for the reader's leaving.
        var waiting: [AsyncStream<Void>.Continuation] = []

        mutating func tellAll() {
            for waiter in waiting { waiter.finish() }
            waiting = []
        }
    }

    /// What the socket has to say at once.
    private enum Arrival {
        case chunk(OutputChunk)
        case end(Result<ExitStatus, EngineError>)
        case nothing
    }

    /// Whoever has this reads the output; when it is dropped somebody else may.
    final class Reader: Sendable {
        private let connection: ProcessConnection

        fileprivate init(_ connection: ProcessConnection) {
            self.connection = connection
        }

        deinit {
            connection.state.withLock { state in
                state.hasReader = false
                state.tellAll()
            }
        }
    }

    init(_ socket: consuming FileDescriptor, to name: String) {
        self.socket = socket
        self.name = name
    }

    // MARK: - From the process

    /// The next bytes of either stream; nil when the process has ended.
    func next() async throws(EngineError) -> OutputChunk? {
        while true {
            if Task.isCancelled { throw .cancelled }
            switch receive() {
            case .chunk(let chunk): return chunk
            case .end(.success): return nil
            case .end(.failure(let error)): throw error
            case .nothing: try await EventLoop.readable(socket.rawValue)
            }
        }
    }

    /// Waits for the end, and drops what nobody reads: a process that cannot write would not come to it.
    func wait() async throws(EngineError) -> ExitStatus {
        while true {
            if let end = state.withLock({ $0.end }) { return try end.get() }
            if let reader = takeReader() {
                while try await next() != nil {}
                withExtendedLifetime(reader) {}
            } else {
                await change()
                if Task.isCancelled { throw .cancelled }
            }
        }
    }

    /// The right to read; nil while somebody else has it.
    func takeReader() -> Reader? {
        let isFree = state.withLock { state in
            defer { state.hasReader = true }
            return !state.hasReader
        }
        return isFree ? Reader(self) : nil
    }

    private func change() async {
        let (changes, continuation) = AsyncStream<Void>.makeStream()
        state.withLock { state in
            if state.end != nil || !state.hasReader {
                continuation.finish()
            } else {
                state.waiting.append(continuation)
            }
        }
        for await _ in changes {}
    }

    private func receive() -> Arrival {
        state.withLock { state in
            if let end = state.end { return .end(end) }
            let arrival = Self.packet(from: socket.rawValue, name)
            if case .end(let end) = arrival {
                state.end = end
                state.tellAll()
            }
            return arrival
        }
    }

    private static func packet(from socket: Int32, _ name: String) -> Arrival {
        withUnsafeTemporaryAllocation(byteCount: StreamPacket.payloadLimit + 1, alignment: 16) { buffer in
            while true {
                let count = recv(socket, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
                if count < 0, Errno.current == .interrupted { continue }
                if count < 0, Errno.current == .tryAgain { return .nothing }
                guard count > 0 else { return .end(.failure(lost(name))) }
                switch StreamPacket(UnsafeRawBufferPointer(rebasing: buffer[..<count])) {
                case .output(let bytes): return .chunk(OutputChunk(stream: .output, bytes: bytes))
                case .errorOutput(let bytes): return .chunk(OutputChunk(stream: .error, bytes: bytes))
                case .exited(let code, let oomKilled):
                    return .end(.success(ExitStatus(code: code, isOutOfMemory: oomKilled)))
                case .failed(let reason): return .end(.failure(.failure(reason)))
                default: continue
                }
            }
        }
    }

    private static func lost(_ name: String) -> EngineError {
        .failure("lost the connection to container \(name); 'nestbox inspect' tells what became of it")
    }

    // MARK: - To the process

    /// Sends a packet, waiting for room when the socket is full.
    ///
    /// - Returns: false when the process has ended.
    func send(_ packet: StreamPacket) async throws(EngineError) -> Bool {
        let bytes = packet.bytes
        while true {
            if Task.isCancelled { throw .cancelled }
            let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
            let count = bytes.withUnsafeBytes { Glibc.send(socket.rawValue, $0.baseAddress, $0.count, flags) }
            if count >= 0 { return true }
            switch Errno.current {
            case .interrupted: continue
            case .tryAgain: try await EventLoop.writable(socket.rawValue)
            default: return false
            }
        }
    }

    /// Tells the supervisor that nobody reads any more: it waits for no one then.
    func hangUp() {
        shutdown(socket.rawValue, Int32(SHUT_RDWR))
    }
}
