/// What a running container uses, at one moment.
///
/// Counters count from its start; two readings tell what it used in between.
public struct ContainerStatistics: Sendable, Hashable {
    /// When the processor time was read, in nanoseconds on the machine's monotonic clock.
    public var moment: UInt64
    /// Processor time of user and system so far, in nanoseconds, of all processors together.
    public var cpuNanoseconds: UInt64
    /// Bytes of memory now, without inactive file cache.
    public var memory: UInt64
    /// The most bytes of memory that it may have: its limit, or what the machine has.
    public var memoryLimit: UInt64
    /// Bytes received over its interfaces so far, the loopback left out; 0 in the host's network.
    public var networkReceived: UInt64
    /// Bytes sent over its interfaces so far, the loopback left out; 0 in the host's network.
    public var networkSent: UInt64
    /// Bytes read from block devices so far.
    public var blockRead: UInt64
    /// Bytes written to block devices so far.
    public var blockWritten: UInt64
    /// Processes and threads now.
    public var processes: UInt64

    /// The processor time since an earlier reading, in percent of one processor: 200 for two that were busy all the time.
    ///
    /// Nil when the other reading is not of an earlier moment of the same run.
    public func cpuPercentage(since earlier: ContainerStatistics) -> Double? {
        guard moment > earlier.moment, cpuNanoseconds >= earlier.cpuNanoseconds else { return nil }
        return Double(cpuNanoseconds - earlier.cpuNanoseconds) / Double(moment - earlier.moment) * 100
    }

    /// Its part of the memory that it may have, in percent.
    public var memoryPercentage: Double { memoryLimit == 0 ? 0 : Double(memory) / Double(memoryLimit) * 100 }
}

/// A container as it was found when its statistics were read.
public struct ContainerSample: Sendable, Hashable {
    /// The container.
    public var container: Container
    /// What it used; nil: it does not run.
    public var statistics: ContainerStatistics?
}
