internal import ArgumentParser

/// `nestbox volume`.
struct VolumeGroup: CommandGroup {
    static let commands: [any NestboxCommand.Type] = [
        VolumeCreate.self, VolumeList.self, VolumeInspect.self, VolumeRemove.self, VolumePrune.self,
    ]
    static let configuration = CommandConfiguration.group(
        name: "volume", abstract: "Make, list and remove volumes: folders that outlive containers.",
        commands: commands)
}
