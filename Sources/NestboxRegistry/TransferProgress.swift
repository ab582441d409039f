public import OCISpec

/// How far one layer has come, on its way to or from a registry.
public struct TransferProgress: Sendable, Hashable {
    /// What is being done.
    public enum Phase: Sendable, Hashable {
        /// It is to be fetched or sent, and waits for its turn.
        case waiting
        /// It is there already.
        case exists
        /// The registry has it in another repository, and took it from there.
        case mounted(from: String)
        /// So many bytes of it are fetched or sent.
        case transferring(completed: Int64)
        /// The connection broke; it is made again.
        case interrupted
        /// It is where it belongs.
        case complete
    }

    /// What is shown of the layer: its digest, or its diff ID on the way to a registry.
    public var layer: Digest
    /// What is being done.
    public var phase: Phase
    /// Bytes of the layer.
    public var size: Int64

    /// Describes one step.
    public init(layer: Digest, phase: Phase, size: Int64) {
        self.layer = layer
        self.phase = phase
        self.size = size
    }
}

/// Is told of each step, on any thread.
public typealias TransferObserver = @Sendable (TransferProgress) -> Void
