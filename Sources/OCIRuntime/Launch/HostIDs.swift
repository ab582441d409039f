internal import OCISpec

/// The host's ids behind a container's.
struct HostIDs {
    private let users: [RuntimeSpecification.IDMapping]
    private let groups: [RuntimeSpecification.IDMapping]

    /// Those of the engine's range, or else of the configuration's own maps; none of both: the host's.
    init(_ map: IDMap?, _ linux: RuntimeSpecification.Linux?) {
        if let map {
            let range = [RuntimeSpecification.IDMapping(containerID: 0, hostID: map.hostID, size: map.count)]
            (users, groups) = (range, range)
        } else {
            (users, groups) = (linux?.uidMappings ?? [], linux?.gidMappings ?? [])
        }
    }

    /// The host's id of a user; one without an id inside stays what it is outside, and is nobody inside.
    func user(_ id: UInt32) -> UInt32 { Self.host(id, users) }

    /// The same for a group.
    func group(_ id: UInt32) -> UInt32 { Self.host(id, groups) }

    private static func host(_ id: UInt32, _ maps: [RuntimeSpecification.IDMapping]) -> UInt32 {
        for map in maps where id >= map.containerID && id - map.containerID < map.size {
            return map.hostID &+ (id - map.containerID)
        }
        return id
    }
}
