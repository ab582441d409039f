extension Engine {
    /// A configuration with what its `--volumes-from` stand for; its own mounts come before them.
    func withBorrowedMounts(_ configuration: ContainerConfiguration) throws -> ContainerConfiguration {
        var result = configuration
        for source in configuration.volumesFrom {
            let lender = try container(source.container).record
            guard !lender.configuration.autoRemove || lender.anonymousVolumes.isEmpty else {
                throw EngineError.invalidConfiguration(
                    "cannot use --volumes-from \(source.text): container \(lender.name) removes its volumes at its end; "
                        + "give them names, or make it without --rm")
            }
            for var mount in lender.mountsToLend where !result.mounts.contains(where: { $0.target == mount.target }) {
                if source.readOnly { mount.readOnly = true }
                result.mounts.append(mount)
            }
        }
        return result
    }
}

extension ContainerRecord {
    /// Its volumes, by name, and its folders of the host.
    fileprivate var mountsToLend: [MountConfiguration] {
        let own = configuration.mounts.filter { $0.kind != .tmpfs }
        let lent = own.map { mount in
            var mount = mount
            if let use = volumes.first(where: { $0.target == mount.target }) { mount.source = use.name }
            return mount
        }
        let others = volumes.filter { use in !own.contains { $0.target == use.target } }
        return lent + others.map { MountConfiguration(kind: .volume, source: $0.name, target: $0.target) }
    }
}
