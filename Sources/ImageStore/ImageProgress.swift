/// How far a load or an import has come; for progress bars.
public struct ImageProgress: Sendable, Hashable {
    /// What is being done.
    public enum Phase: String, Sendable, Hashable {
        /// A layer is being read, verified and unpacked.
        case unpacking
        /// A layer is in the store already and is passed over.
        case exists
        /// Everything is being written to the disk, before it becomes visible.
        case flushing
    }

    /// What is being done.
    public var phase: Phase
    /// The layer's digest where the archive tells it beforehand, otherwise its name in the archive.
    public var object: String
    /// Bytes done of the object.
    public var completed: Int64
    /// Bytes of the object; nil where that is not known before its end.
    public var total: Int64?

    /// Describes one step.
    public init(phase: Phase, object: String, completed: Int64, total: Int64?) {
        self.phase = phase
        self.object = object
        self.completed = completed
        self.total = total
    }
}
