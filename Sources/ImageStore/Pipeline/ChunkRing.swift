internal import Glibc

/// A bounded queue of reused chunks: one thread fills them, one or more others each read all of them in order.
///
/// A layer of any size flows through the same few chunks, so memory stays bounded; whoever is slowest holds the others
/// back. Nothing is copied on the reading side: a reader gets the chunk itself until it asks for the next.
///
/// `@unchecked Sendable`: `state` is only touched with `mutex` held. A chunk's bytes are written by the producer only
/// between ``reserve()`` and ``publish(_:)``, when no consumer can get that chunk, and read by consumers only after;
/// the mutex orders the two.
final class ChunkRing: @unchecked Sendable {
    /// Another thread of the pipeline failed; its error is the one to report.
    struct Cancelled: Error {}

    private struct State {
        /// Filled bytes of each chunk.
        var lengths: [Int]
        var published = 0
        var finished = false
        var cancelled = false
        /// How many chunks each consumer has given back; nil once it has left.
        var consumed: [Int?]
        /// How many chunks each consumer has been given.
        var taken: [Int]
    }

    /// Bytes in a chunk.
    ///
    /// Large enough that most files are written by one call, small enough to stay in the L2 cache.
    static let chunkSize = 256 << 10

    private let slots: [UnsafeMutableRawBufferPointer]
    /// Behind a pointer, because a thread that waits on `changed` must see what the others change meanwhile.
    private let state: UnsafeMutablePointer<State>
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>

    /// Makes a ring of `count` chunks that `consumers` threads read.
    init(count: Int = 12, consumers: Int) {
        slots = (0..<count).map { _ in .allocate(byteCount: Self.chunkSize, alignment: 4096) }
        state = .allocate(capacity: 1)
        state.initialize(
            to: State(
                lengths: Array(repeating: 0, count: count), consumed: Array(repeating: 0, count: consumers),
                taken: Array(repeating: 0, count: consumers)))
        mutex = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        for slot in slots { slot.deallocate() }
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// An empty chunk to fill, as soon as there is one; nil when no consumer is left to read it.
    ///
    /// - Throws: ``Cancelled``.
    func reserve() throws(Cancelled) -> UnsafeMutableRawBufferPointer? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if state.pointee.cancelled { throw Cancelled() }
            let published = state.pointee.published
            guard let slowest = state.pointee.consumed.compactMap({ $0 }).min() else { return nil }
            if published - slowest < slots.count { return slots[published % slots.count] }
            pthread_cond_wait(changed, mutex)
        }
    }

    /// Hands the reserved chunk, of which `length` bytes are filled, to the consumers.
    func publish(_ length: Int) {
        change { state in
            state.lengths[state.published % slots.count] = length
            state.published += 1
        }
    }

    /// Says that no more chunks follow.
    func finish() {
        change { $0.finished = true }
    }

    /// Wakes every thread of the ring with ``Cancelled``.
    func cancel() {
        change { $0.cancelled = true }
    }

    /// The next chunk for a consumer, valid until its next call; nil at the end.
    ///
    /// Gives the chunk before it back.
    ///
    /// - Throws: ``Cancelled``.
    func next(consumer: Int) throws(Cancelled) -> UnsafeRawBufferPointer? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if state.pointee.consumed[consumer] != state.pointee.taken[consumer] {
            state.pointee.consumed[consumer] = state.pointee.taken[consumer]
            pthread_cond_broadcast(changed)
        }
        while true {
            if state.pointee.cancelled { throw Cancelled() }
            let position = state.pointee.taken[consumer]
            if position < state.pointee.published {
                state.pointee.taken[consumer] += 1
                let slot = position % slots.count
                return UnsafeRawBufferPointer(rebasing: slots[slot][..<state.pointee.lengths[slot]])
            }
            if state.pointee.finished { return nil }
            pthread_cond_wait(changed, mutex)
        }
    }

    /// Takes a consumer out of the ring, so that nobody waits for it.
    func leave(consumer: Int) {
        change { $0.consumed[consumer] = nil }
    }

    private func change(_ body: (inout State) -> Void) {
        pthread_mutex_lock(mutex)
        body(&state.pointee)
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }
}

/// Cuts a stream of byte runs into the chunks of a ring.
struct ChunkWriter {
    private let ring: ChunkRing
    private var chunk: UnsafeMutableRawBufferPointer?
    private var filled = 0
    /// Whether anybody still reads what is written.
    private(set) var hasReaders = true

    init(_ ring: ChunkRing) {
        self.ring = ring
    }

    /// Copies `bytes` into the ring.
    ///
    /// - Throws: `ChunkRing.Cancelled`.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(ChunkRing.Cancelled) {
        var rest = bytes
        while !rest.isEmpty, hasReaders {
            if chunk == nil { chunk = try ring.reserve() }
            guard let target = chunk else {
                hasReaders = false
                return
            }
            let count = min(rest.count, target.count - filled)
            UnsafeMutableRawBufferPointer(rebasing: target[filled..<filled + count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            filled += count
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            if filled == target.count { flush() }
        }
    }

    /// Hands over the chunk that is not full yet and says that no more follow.
    mutating func finish() {
        flush()
        ring.finish()
    }

    private mutating func flush() {
        if chunk != nil, filled > 0 { ring.publish(filled) }
        chunk = nil
        filled = 0
    }
}
