import Testing

@testable import ImageStore

/// The ring that a layer flows through.
@Suite struct PipelineTests {
    private func checksum(_ ring: ChunkRing, _ consumer: Int) throws -> (Int, Int) {
        let source = RingSource(ring, consumer: consumer)
        var (count, sum) = (0, 0)
        while let run = try source.next() {
            count += run.count
            for byte in run { sum = (sum &* 31 &+ Int(byte)) & 0xFFFF_FFFF }
        }
        return (count, sum)
    }

    @Test func everyConsumerGetsEveryByteInOrder() throws {
        let ring = ChunkRing(count: 3, consumers: 2)
        let workers = try (0..<2).map { index in try Worker { try [checksum(ring, index)].map { [$0.0, $0.1] }[0] } }
        var writer = ChunkWriter(ring)
        var (count, sum) = (0, 0)
        for size in [0, 1, 511, 100_000, 300_000, 262_144, 7, 1_000_000] {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ size) }
            for byte in bytes { sum = (sum &* 31 &+ Int(byte)) & 0xFFFF_FFFF }
            count += size
            try bytes.withUnsafeBytes { try writer.write($0) }
        }
        writer.finish()
        for worker in workers { #expect(try worker.join() == [count, sum]) }
    }

    @Test func consumerThatLeavesHoldsNobodyBack() throws {
        let ring = ChunkRing(count: 2, consumers: 2)
        ring.leave(consumer: 1)
        let worker = try Worker { try checksum(ring, 0).0 }
        var writer = ChunkWriter(ring)
        let bytes = [UInt8](repeating: 1, count: 2 << 20)
        try bytes.withUnsafeBytes { try writer.write($0) }
        writer.finish()
        #expect(try worker.join() == bytes.count)
        #expect(writer.hasReaders)
    }

    @Test func producerEndsWhenEveryConsumerHasLeft() throws {
        let ring = ChunkRing(count: 2, consumers: 1)
        ring.leave(consumer: 0)
        var writer = ChunkWriter(ring)
        try [UInt8](repeating: 1, count: 2 << 20).withUnsafeBytes { try writer.write($0) }
        #expect(!writer.hasReaders)
    }

    @Test func cancellingWakesAWaitingConsumer() throws {
        let ring = ChunkRing(count: 2, consumers: 1)
        let worker = try Worker { try checksum(ring, 0).0 }
        ring.cancel()
        #expect(throws: ChunkRing.Cancelled.self) { try worker.join() }
        #expect(throws: ChunkRing.Cancelled.self) { try ring.reserve() }
    }
}
