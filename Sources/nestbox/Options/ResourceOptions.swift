internal import ArgumentParser
internal import Nestbox

/// The container's limits.
struct ResourceOptions: ParsableArguments {
    @OptionGroup var limits: LimitOptions

    @Option(
        name: .long,
        help: .init("Limit reading from a device, e.g. /dev/sda:10m. May be repeated.", valueName: "device:rate"))
    var deviceReadBps: [String] = []

    @Option(
        name: .long,
        help: .init("Limit writing to a device, e.g. /dev/sda:10m. May be repeated.", valueName: "device:rate"))
    var deviceWriteBps: [String] = []

    @Option(
        name: .long, help: .init("Limit the reads a second from a device. May be repeated.", valueName: "device:rate"))
    var deviceReadIops: [String] = []

    @Option(
        name: .long, help: .init("Limit the writes a second to a device. May be repeated.", valueName: "device:rate"))
    var deviceWriteIops: [String] = []

    @Option(
        name: .long,
        help: .init(
            "Set a resource limit of the process, e.g. nofile=1024:4096. May be repeated.",
            valueName: "name=soft[:hard]"))
    var ulimit: [String] = []

    @Option(
        name: .long, help: .init("Whom the kernel kills first when memory is short, -1000 to 1000.", valueName: "score")
    )
    var oomScoreAdj: String?

    func apply(to configuration: inout ContainerConfiguration) throws {
        var resources = configuration.resources
        try limits.apply(to: &resources)
        resources.deviceReadBytes = try deviceReadBps.map {
            try DeviceRate(parsing: $0, bytes: true, option: "--device-read-bps")
        }
        resources.deviceWriteBytes = try deviceWriteBps.map {
            try DeviceRate(parsing: $0, bytes: true, option: "--device-write-bps")
        }
        resources.deviceReadOperations = try deviceReadIops.map {
            try DeviceRate(parsing: $0, bytes: false, option: "--device-read-iops")
        }
        resources.deviceWriteOperations = try deviceWriteIops.map {
            try DeviceRate(parsing: $0, bytes: false, option: "--device-write-iops")
        }
        configuration.resources = resources
        var ulimits: [Ulimit] = []
        for text in ulimit {
            let limit = try Ulimit(parsing: text, option: "--ulimit")
            ulimits.removeAll { $0.name == limit.name }
            ulimits.append(limit)
        }
        configuration.ulimits = ulimits
        configuration.oomScoreAdjust = try oomScoreAdj.map {
            try OptionNumber.integer($0, option: "--oom-score-adj", in: -1000...1000)
        }
    }
}
