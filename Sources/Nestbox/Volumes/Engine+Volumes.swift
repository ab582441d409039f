internal import Glibc
internal import LinuxSystem
internal import OCISpec

extension Engine {
    /// The volumes of a container being made: named ones, anonymous ones and those that the image asks for.
    ///
    /// New ones get what
    /// the image has at their place.
    func makeVolumes(
        of record: ContainerRecord, _ paths: ContainerPaths, _ image: ResolvedImage
    ) throws -> [VolumeUse] {
        let mounts = record.configuration.mounts
        var uses: [(use: VolumeUse, copies: Bool)] = []
        for mount in mounts where mount.kind == .volume {
            let name = try mount.source ?? ContainerID.random()
            guard NameText.isName(name) else {
                throw EngineError.invalidConfiguration(
                    "invalid volume name \(name.escapedForMessage): only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed; "
                        + "a folder of the host starts with /")
            }
            let use = VolumeUse(target: mount.target, name: name, isAnonymous: mount.source == nil)
            uses.append((use, !mount.volumeNoCopy))
        }
        let targets = Set(mounts.map(\.target))
        for target in image.settings.volumes where !targets.contains(target) {
            uses.append((VolumeUse(target: target, name: try ContainerID.random(), isAnonymous: true), true))
        }
        if uses.isEmpty { return [] }
        let anonymous = uses.filter(\.use.isAnonymous).map(\.use.name)
        if !anonymous.isEmpty { try AnonymousVolumeList.write(anonymous, paths) }
        for (use, copies) in uses {
            try volumeStore.make(use.name) { folder in
                guard copies else { return }
                let copy = VolumeCopyUp(layers: layerFolders(of: record), staging: paths.work)
                try copy.copy(use.target, to: folder)
            }
        }
        return uses.map(\.use)
    }

    /// The names of all volumes, sorted.
    ///
    /// - Throws: `EngineError`.
    public func volumes() throws(EngineError) -> [String] {
        try EngineError.wrapping { try volumeStore.names() }
    }

    /// Removes a volume that no container uses, with all that is in it.
    ///
    /// - Throws: `EngineError.noSuchVolume`, `.volumeInUse`.
    public func removeVolume(_ name: String) throws(EngineError) {
        try EngineError.wrapping {
            guard NameText.isName(name), volumeStore.exists(name) else { throw EngineError.noSuchVolume(name) }
            let users = try records().filter { $0.volumes.contains { $0.name == name } }.map(\.id)
            guard users.isEmpty else { throw EngineError.volumeInUse(name: name, containers: users) }
            try volumeStore.remove(name)
        }
    }
}
