internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// A request and its answer, for a thread that waits for each piece; the connection is read no faster than the pieces are taken.
final class HTTPExchange: HTTPClientResponseDelegate {
    typealias Response = Void

    private struct State {
        var head: HTTPResponseHead?
        /// What has arrived and was not taken, and what tells the connection to go on.
        var part: (bytes: ByteBuffer, taken: EventLoopPromise<Void>)?
        var failure: (any Error)?
        var isOver = false
        /// What wakes the thread that waits.
        var waiter: EventLoopPromise<Void>?
        var task: HTTPClient.Task<Void>?
    }

    private let loop: any EventLoop
    private let state = Mutex(State())

    /// - Parameter loop: what the waiting thread is woken by.
    init(loop: any EventLoop) {
        self.loop = loop
    }

    /// Sends the request.
    func start(_ request: HTTPClient.Request, on client: HTTPClient) {
        let task = client.execute(request: request, delegate: self)
        state.withLock { $0.task = task }
    }

    /// Waits for the status and the headers.
    ///
    /// - Throws: what the client says of a connection that failed.
    func head() throws -> HTTPResponseHead {
        try wait { state in
            if let head = state.head { return .some(head) }
            if let failure = state.failure { throw failure }
            return nil
        }
    }

    /// Waits for the next bytes of the body; nil at its end.
    ///
    /// - Throws: what the client says of a connection that failed.
    func next() throws -> ByteBuffer? {
        let part = try wait { state -> (bytes: ByteBuffer, taken: EventLoopPromise<Void>)?? in
            if let part = state.part.take() { return .some(part) }
            if let failure = state.failure { throw failure }
            return state.isOver ? .some(nil) : nil
        }
        part?.taken.succeed()
        return part?.bytes
    }

    /// Takes what is left of the body; nil when it is longer than `limit` bytes.
    ///
    /// - Throws: what the client says of a connection that failed.
    func body(limit: Int64) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        while let part = try next() {
            guard Int64(bytes.count + part.readableBytes) <= limit else {
                cancel()
                return nil
            }
            bytes.append(contentsOf: part.readableBytesView)
        }
        return bytes
    }

    /// Ends the exchange wherever it is.
    func cancel() {
        let (task, part) = state.withLock { ($0.isOver ? nil : $0.task, $0.part.take()) }
        part?.taken.succeed()
        task?.cancel()
    }

    private func wait<Value>(for look: (inout State) throws -> Value?) throws -> Value {
        while true {
            let waiting: EventLoopFuture<Void>
            let found: Value?
            (found, waiting) = try state.withLock { state in
                if let value = try look(&state) { return (value, loop.makeSucceededVoidFuture()) }
                let promise = loop.makePromise(of: Void.self)
                state.waiter = promise
                return (nil, promise.futureResult)
            }
            if let found { return found }
            try waiting.wait()
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let waiter = state.withLock { state in
            body(&state)
            return state.waiter.take()
        }
        waiter?.succeed()
    }

    // MARK: - On the event loop

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        change { $0.head = head }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        let taken = task.eventLoop.makePromise(of: Void.self)
        change { $0.part = (buffer, taken) }
        return taken.futureResult
    }

    func didReceiveError(task: HTTPClient.Task<Void>, _ error: any Error) {
        let part = state.withLock { state in
            state.failure = error
            state.isOver = true
            return state.part.take()
        }
        part?.taken.fail(error)
        change { _ in }
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) {
        change { $0.isOver = true }
    }
}
