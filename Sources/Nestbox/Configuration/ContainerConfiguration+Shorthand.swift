public import ContainerNetwork

extension MountConfiguration {
    /// A file or folder of the host at a place in the container; it must exist.
    ///
    /// - Parameters:
    ///   - source: the host's absolute path.
    ///   - target: the absolute path inside the container.
    ///   - readOnly: whether nothing can be written through it.
    public static func bind(_ source: String, at target: String, readOnly: Bool = false) -> MountConfiguration {
        MountConfiguration(kind: .bind, source: source, target: target, readOnly: readOnly)
    }

    /// A volume at a place in the container; it is made if there is none of this name.
    ///
    /// - Parameters:
    ///   - name: the volume's name; nil: one of the container's own, which goes with it.
    ///   - target: the absolute path inside the container.
    ///   - readOnly: whether nothing can be written through it.
    public static func volume(_ name: String? = nil, at target: String, readOnly: Bool = false) -> MountConfiguration {
        MountConfiguration(kind: .volume, source: name, target: target, readOnly: readOnly)
    }

    /// An empty folder in memory.
    ///
    /// - Parameters:
    ///   - target: the absolute path inside the container.
    ///   - size: the most bytes that it may hold; nil: half of the memory.
    public static func tmpfs(at target: String, size: Int64? = nil) -> MountConfiguration {
        var mount = MountConfiguration(kind: .tmpfs, target: target)
        mount.tmpfsSize = size
        return mount
    }
}

extension ResourceConfiguration {
    /// Processor time in processors: 0.5 is half of one; nil: no limit.
    ///
    /// The same limit as ``nanoCPUs``.
    public var cpus: Double? {
        get { nanoCPUs.map { Double($0) / 1e9 } }
        set { nanoCPUs = newValue.map { Int64(($0 * 1e9).rounded()) } }
    }
}

extension PortMapping {
    /// A TCP port of the container at a free port of the host, which ``Engine/publishedPorts(of:)`` tells.
    public static func free(to containerPort: UInt16) -> PortMapping {
        PortMapping(.tcp, hostAddress: nil, hostPorts: nil, containerPort: containerPort)
    }

    /// A TCP port of the container at a port of the host.
    public static func published(_ hostPort: UInt16, to containerPort: UInt16) -> PortMapping {
        PortMapping(.tcp, hostAddress: nil, hostPorts: hostPort...hostPort, containerPort: containerPort)
    }
}
