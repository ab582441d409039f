internal import ArgumentParser
internal import Nestbox

/// What the container sees of files.
struct StorageOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: .init(
            "Mount a folder of the host, or a volume. May be repeated.", valueName: "[source:]target[:options]"),
        completion: .directory)
    var volume: [String] = []

    @Option(
        name: .long,
        help: .init(
            "Mount a folder of the host, a volume or memory, e.g. type=bind,source=/a,target=/b,readonly. May be repeated.",
            valueName: "key=value,…"))
    var mount: [String] = []

    @Option(
        name: .long,
        help: .init("Mount memory, e.g. /run:size=64m,mode=755. May be repeated.", valueName: "target[:options]"))
    var tmpfs: [String] = []

    @Option(
        name: .long,
        help: .init(
            "Mount what a container has of volumes and the host's folders. May be repeated.",
            valueName: "container[:ro|rw]"),
        completion: .containerName)
    var volumesFrom: [String] = []

    @Flag(name: .long, help: "Mount the root file system read-only.")
    var readOnly = false

    @Option(name: .long, help: .init("The size of /dev/shm (default 64m).", valueName: "bytes"))
    var shmSize: String?

    @Option(
        name: .long,
        help: .init(
            "Limit what the container writes into its own layer, e.g. size=10G (with project quotas).",
            valueName: "key=value"))
    var storageOpt: [String] = []

    func apply(to configuration: inout ContainerConfiguration) throws {
        let folder = volume.isEmpty && mount.isEmpty ? "/" : try Caller.workingDirectory()
        for text in volume {
            configuration.mounts.append(
                try MountConfiguration(volume: text, option: "--volume", workingDirectory: folder))
        }
        for text in mount {
            configuration.mounts.append(
                try MountConfiguration(mount: text, option: "--mount", workingDirectory: folder))
        }
        for text in tmpfs { configuration.mounts.append(try MountConfiguration(tmpfs: text, option: "--tmpfs")) }
        configuration.volumesFrom = try volumesFrom.map { try VolumeSource(parsing: $0, option: "--volumes-from") }
        configuration.readOnly = readOnly
        if let shmSize {
            let bytes = try OptionNumber.bytes(shmSize, option: "--shm-size")
            configuration.shmSize = bytes == 0 ? nil : bytes
        }
        configuration.storageSize = try StorageOptionText.size(storageOpt, option: "--storage-opt")
    }
}
