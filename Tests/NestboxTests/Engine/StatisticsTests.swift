import OCIRuntime
import OCISpec
import Testing

@testable import Nestbox

@Suite struct StatisticsTests {
    private let reading = ContainerStatistics(
        moment: 1_000_000_000, cpuNanoseconds: 500_000_000, memory: 16_252_928, memoryLimit: 104_857_600,
        networkReceived: 1500, networkSent: 0, blockRead: 4_270_000, blockWritten: 12, processes: 3)

    @Test func processorTimeIsMeasuredBetweenReadings() {
        var later = reading
        later.moment += 2_000_000_000
        later.cpuNanoseconds += 3_000_000_000
        #expect(later.cpuPercentage(since: reading) == 150)
        #expect(reading.cpuPercentage(since: later) == nil)
        #expect(reading.cpuPercentage(since: reading) == nil)
        // It was started anew in between.
        later.cpuNanoseconds = 1
        #expect(later.cpuPercentage(since: reading) == nil)
    }

    @Test func countersOfInterfaces() {
        let counters = NetworkCounters(
            """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
                lo:    3293      31    0    0    0     0          0         0     3293      31    0    0    0     0       0          0
              eth0: 1000       5    0    0    0     0          0         0   200       3    0    0    0     0       0          0
              eth1:30 1    0    0    0     0          0         0   4       1    0    0    0     0       0          0
            """)
        #expect(counters.received == 1030 && counters.sent == 204)
        var blocks = BlockCounters(of: [])
        blocks.add("rchar: 7\nread_bytes: 4096\nwrite_bytes: 512\ncancelled_write_bytes: 3\n")
        blocks.add("read_bytes: 1\n")
        #expect(blocks.read == 4097 && blocks.written == 512)
    }

    @Test(
        arguments: [
            (0, "0B"), (1023, "1023B"), (1024, "1KiB"), (16_252_928, "15.5MiB"), (1_073_741_823, "1024MiB"),
            (104_857_600, "100MiB"), (1_342_177_280, "1.25GiB"), (8_342_536_192, "7.77GiB"),
        ] as [(UInt64, String)])
    func binarySizes(_ bytes: UInt64, _ text: String) {
        #expect(HumanText.binarySize(bytes) == text)
    }

    @Test(arguments: [(0, "0.00%"), (0.005, "0.01%"), (99.999, "100.00%"), (12.5, "12.50%"), (200.07, "200.07%")])
    func percentages(_ value: Double, _ text: String) {
        #expect(HumanText.percentage(value) == text)
    }

    @Test func aRowHasDockersFields() throws {
        let folder = try TemporaryFolder()
        let engine = try folder.engine()
        var configuration = ContainerConfiguration(image: "test", command: ["/bin/true"])
        configuration.name = "web"
        let record = try engine.make(configuration, from: try emptyImage(folder)).record
        let sample = try #require(try engine.samples(all: true).first)
        #expect(sample.statistics == nil && sample.container.id == record.id)
        #expect(try engine.samples().isEmpty)
        #expect(try engine.samples(of: [record.id]).count == 1)
        #expect(throws: EngineError.notRunning(container: record.id, status: "created")) {
            try engine.statistics(of: sample.container)
        }
        let format = try ListFormat(
            parsing:
                "{{.CPUPerc}} {{.MemUsage}} {{.MemPerc}} {{.NetIO}} {{.BlockIO}} {{.PIDs}} {{.Name}} {{.Container}}",
            table: StatisticsReport.table)
        func text(_ sample: ContainerSample, since earlier: ContainerStatistics?) throws -> String {
            let row = StatisticsReport(sample, since: earlier, isShortened: true, name: "asked").row
            return try format.text(of: [row], headers: StatisticsReport.headers)
        }
        #expect(try text(sample, since: nil) == "0.00% 0B / 0B 0.00% 0B / 0B 0B / 0B 0 web asked\n")
        var running = sample
        running.statistics = reading
        let rest = "15.5MiB / 100MiB 15.50% 1.5kB / 0B 4.27MB / 12B 3 web asked\n"
        #expect(try text(running, since: nil) == "-- " + rest)
        var earlier = reading
        earlier.moment = 0
        earlier.cpuNanoseconds = 0
        #expect(try text(running, since: earlier) == "50.00% " + rest)
    }
}
