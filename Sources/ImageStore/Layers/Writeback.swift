/// Has the disk start on a file that is being written from its beginning to its end.
struct Writeback {
    /// How much is written before the disk is asked to start on it: enough for large requests, little enough that the flush before
    /// a layer becomes visible finds most of the work done.
    private static let step: Int64 = 8 << 20

    private var started: Int64 = 0

    /// Tells how much is written; the disk is asked once that is enough.
    mutating func advance(_ descriptor: Int32, to end: Int64) {
        if end - started >= Self.step { start(descriptor, to: end) }
    }

    /// The same at the end of the file, however much it is.
    mutating func start(_ descriptor: Int32, to end: Int64) {
        FileCalls.startWriteback(descriptor, offset: started, count: end - started)
        started = end
    }
}
