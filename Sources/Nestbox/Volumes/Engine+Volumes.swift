internal import Glibc
internal import LinuxSystem
internal import OCISpec

extension Engine {
    /// The volumes of a container being made: named ones, anonymous ones and those that the image asks for.
    ///
    /// New ones get what the image has at their place. None of them can be removed for as long as its hold lives: until the
    /// container's record names them.
    ///
    /// - Parameter makeStaging: makes the folder by way of which they get it; called when there are any.
    func makeVolumes(
        of record: ContainerRecord, _ paths: ContainerPaths, _ image: ResolvedImage, makeStaging: () throws -> Void
    ) throws -> (uses: [VolumeUse], holds: [VolumeHold]) {
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
        if uses.isEmpty { return ([], []) }
        try makeStaging()
        let anonymous = uses.filter(\.use.isAnonymous).map(\.use.name)
        if !anonymous.isEmpty { try AnonymousVolumeList.write(anonymous, paths) }
        let holds = try uses.map { use, copies in
            let labels = use.isAnonymous ? [Volume.anonymousLabel: ""] : [:]
            return try volumeStore.make(use.name, labels: labels) { folder in
                guard copies else { return }
                let copy = VolumeCopyUp(layers: try layerFolders(of: record), staging: paths.work)
                try copy.copy(use.target, to: folder)
            }
        }
        return (uses.map(\.use), holds)
    }

    /// Makes an empty volume; one that has the name already stays as it is.
    ///
    /// It is on the disk when this returns. The first container that uses it puts into it what its image has at that place.
    ///
    /// - Parameters:
    ///   - name: its name; nil: 64 random hexadecimal digits.
    ///   - labels: what is noted about it.
    /// - Throws: `EngineError.invalidConfiguration` for a bad name, …
    public func createVolume(_ name: String? = nil, labels: [String: String] = [:]) throws(EngineError) -> Volume {
        try EngineError.wrapping {
            if let name, !NameText.isName(name) {
                throw ConfigurationError(
                    "NAME", name, "it is no volume's name",
                    accepted: "give 2 to 255 letters, digits, _, . and -, the first a letter or digit")
            }
            try volumeStore.removeRemains()
            var labels = labels
            if name == nil { labels[Volume.anonymousLabel] = "" }
            let made = try name ?? ContainerID.random()
            let hold = try volumeStore.make(made, labels: labels, isFlushed: true, fill: nil)
            tell("volume", "create", made, ["driver": "local"])
            return try withExtendedLifetime(hold) { try volume(made) }
        }
    }

    /// The volumes that satisfy the filters, by name.
    ///
    /// - Throws: `EngineError`.
    public func volumes(filters: [VolumeFilter] = []) throws(EngineError) -> [Volume] {
        try EngineError.wrapping {
            try volumeStore.removeRemains()
            // Who uses them is asked only when it matters.
            let asksForUsers = filters.contains { if case .dangling = $0 { true } else { false } }
            let used = try asksForUsers ? Set(records().flatMap { $0.volumes.map(\.name) }) : []
            return try volumeStore.names().compactMap { try volumeStore.volume($0) }
                .filter { VolumeFilter.matches($0, isUsed: used.contains($0.name), filters) }
        }
    }

    /// The volume of this name.
    ///
    /// - Throws: `EngineError.noSuchVolume`.
    public func volume(_ name: String) throws(EngineError) -> Volume {
        try EngineError.wrapping {
            guard let volume = try volumeStore.volume(name) else { throw EngineError.noSuchVolume(name) }
            return volume
        }
    }
}
