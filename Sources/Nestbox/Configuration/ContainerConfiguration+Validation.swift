internal import ContainerNetwork
internal import OCIRuntime

extension ContainerConfiguration {
    /// With less than about 16 KiB overlayfs cannot make its own folders, and the container would be read-only.
    private static let leastStorageSize: Int64 = 64 << 10

    /// Checks what must hold between options; each value alone was checked when it was parsed.
    ///
    /// - Throws: `ConfigurationError` naming the option that has to change.
    public func validate() throws(ConfigurationError) {
        guard !image.isEmpty else { throw ConfigurationError("IMAGE", image, "it is empty", accepted: "name an image") }
        try resources.validate()
        if autoRemove, restart != .no {
            throw ConfigurationError(
                "--restart", restart.text, "a container that --rm removes at its end cannot be started again",
                accepted: "leave one out")
        }
        var targets: Set<String> = []
        for mount in mounts {
            guard targets.insert(mount.target).inserted else {
                throw ConfigurationError("--volume, --mount or --tmpfs", mount.target, "two mounts have this target")
            }
        }
        if case .container(let name) = network, !ports.isEmpty || publishAll {
            throw ConfigurationError(
                "--network", network.text, "its ports are container \(name)'s to publish",
                accepted: "leave out --publish, or publish them when that container is made")
        }
        if case .task = network {
            for port in ports where port.hostPorts.map({ $0 != port.containerPort...port.containerPort }) ?? false {
                throw ConfigurationError(
                    "--publish", "\(port.hostPorts?.lowerBound ?? 0):\(port.containerPort)",
                    "a task has an address of its own, so nothing is mapped",
                    accepted: "leave the port of the host out, or let it equal the container's")
            }
        }
        if uts == .host, let hostname {
            throw ConfigurationError(
                "--hostname", hostname, "--uts host keeps the host's name", accepted: "leave one out")
        }
        if uts == .host, let domainname {
            throw ConfigurationError(
                "--domainname", domainname, "--uts host keeps the host's name", accepted: "leave one out")
        }
        if privileged, userns == .private {
            throw ConfigurationError(
                "--userns", "private", "a privileged container lives in the host's user namespace",
                accepted: "leave --privileged or --userns out")
        }
        if let storageSize, storageSize < Self.leastStorageSize {
            throw ConfigurationError(
                "--storage-opt", "size=\(storageSize)", "overlayfs needs some of it for itself",
                accepted: "give at least \(Self.leastStorageSize / 1024)k")
        }
        for entry in environment + command + (entrypoint ?? []) where entry.utf8.contains(0) {
            throw ConfigurationError("COMMAND or --env", entry, "it holds a NUL character")
        }
    }
}

extension ResourceConfiguration {
    /// Checks what must hold between limits.
    ///
    /// - Throws: `ConfigurationError` naming the option that has to change.
    public func validate() throws(ConfigurationError) {
        if let memorySwap, memorySwap > 0 {
            guard let memory else {
                throw ConfigurationError(
                    "--memory-swap", String(memorySwap), "it counts memory and swap together",
                    accepted: "give --memory too")
            }
            guard memorySwap >= memory else {
                throw ConfigurationError(
                    "--memory-swap", String(memorySwap),
                    "it counts memory and swap together, and is below --memory \(memory)",
                    accepted: "give at least as much as --memory, or -1 for unlimited swap")
            }
        }
        if let memoryReservation, let memory, memoryReservation > memory {
            throw ConfigurationError(
                "--memory-reservation", String(memoryReservation), "it is above --memory \(memory)",
                accepted: "give at most as much as --memory")
        }
        if let nanoCPUs, let cpuQuota {
            throw ConfigurationError(
                "--cpu-quota", String(cpuQuota), "--cpus (\(nanoCPUs) billionths) sets the quota too",
                accepted: "leave one out")
        }
        if let nanoCPUs, let cpuPeriod {
            throw ConfigurationError(
                "--cpu-period", String(cpuPeriod), "--cpus (\(nanoCPUs) billionths) sets the period too",
                accepted: "leave one out")
        }
    }
}
