internal import ContainerNetwork
internal import Glibc
internal import LinuxSystem
internal import OCIRuntime
public import OCISpec

extension Engine {
    /// All about a container, in the shape in which `docker inspect` shows it.
    ///
    /// - Throws: `EngineError`.
    public func inspect(_ container: Container) throws(EngineError) -> JSONValue {
        try EngineError.wrapping {
            guard let current = try examine(container.id) else { throw EngineError.noSuchContainer(container.name) }
            try settleNetworks(of: [current])
            let endpoints = try endpoints(of: current.record)
            let network = NetworkReport(
                container: current, endpoints: endpoints,
                state: current.isRunning ? try networkState(of: current.id) : nil,
                networks: try endpoints.compactMap { try hostNetwork.store.find($0.network) })
            return InspectReport(container: current, engine: self, network: network).json
        }
    }
}

/// What `inspect` says about one container.
struct InspectReport {
    let container: Container
    let engine: Engine
    let network: NetworkReport

    private var record: ContainerRecord { container.record }
    private var configuration: ContainerConfiguration { container.record.configuration }
    private var paths: ContainerPaths { engine.paths.container(container.id) }
    private var input: SpecificationInput {
        var facts = HostFacts()
        var name = utsname()
        uname(&name)
        facts.hostname = withUnsafeBytes(of: name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return engine.specificationInput(of: record, facts: facts)
    }

    var json: JSONValue {
        let arguments = container.arguments
        let object: JSONObject = [
            "Id": .string(record.id), "Created": .string(record.created), "Path": .string(arguments.first ?? ""),
            "Args": .array(arguments.dropFirst().map { .string($0) }), "State": state, "Image": .string(record.imageID),
            "ResolvConfPath": .string(paths.resolv), "HostnamePath": .string(paths.hostname),
            "HostsPath": .string(paths.hosts),
            "LogPath": .string(configuration.log.driver == .jsonFile ? paths.log : ""),
            "Name": .string("/" + record.name),
            "RestartCount": .integer(Int64(container.state.restartCount)), "Driver": "overlay2", "Platform": "linux",
            "MountLabel": "", "ProcessLabel": "",
            "AppArmorProfile": "", "ExecIDs": nil, "HostConfig": hostConfig, "GraphDriver": graphDriver,
            "Mounts": mounts, "Config": config, "NetworkSettings": network.settings,
            "CgroupPath": .string(record.cgroupPath), "UserNamespace": userNamespace,
        ]
        return .object(object)
    }

    private var state: JSONValue {
        let state = container.state
        var object: JSONObject = [
            "Status": .string(container.status), "Running": .bool(container.isActive),
            "Paused": .bool(container.isPaused),
            "Restarting": .bool(container.isRestarting), "OOMKilled": .bool(state.oomKilled), "Dead": false,
            "Pid": .integer(Int64(container.isRunning ? state.process?.pid ?? 0 : 0)),
            "ExitCode": .integer(Int64(container.isRunning ? 0 : state.exitCode ?? 0)),
            "Error": .string(state.error ?? ""),
            "StartedAt": .string(state.startedAt ?? Self.never), "FinishedAt": .string(state.finishedAt ?? Self.never),
        ]
        if let health = container.health { object["Health"] = health.json }
        return .object(object)
    }

    /// Docker's text for a moment that has not come.
    static let never = "0001-01-01T00:00:00Z"

    private var graphDriver: JSONValue {
        [
            "Name": "overlay2",
            "Data": [
                "LowerDir": .string(engine.layerPlaces(of: record).joined(separator: ":")),
                "UpperDir": .string(paths.upper), "WorkDir": .string(paths.work),
            ],
        ]
    }

    private var userNamespace: JSONValue {
        guard let range = record.idRange else { return ["Mode": "host"] }
        return [
            "Mode": .string(record.joined.map { "container:" + $0 } ?? "private"), "FirstID": range.firstID.json,
            "Count": range.count.json,
        ]
    }

    private var mounts: JSONValue {
        var result: [JSONValue] = []
        let volumes = Dictionary(record.volumes.map { ($0.target, $0) }) { first, _ in first }
        for mount in configuration.mounts {
            var object: JSONObject = ["Type": .string(mount.kind.rawValue)]
            if let volume = volumes[mount.target] {
                object["Name"] = .string(volume.name)
                object["Source"] = .string(engine.paths.volumeData(volume.name))
                object["Destination"] = .string(mount.target)
                object["Driver"] = "local"
            } else {
                object["Source"] = .string(mount.source ?? "")
                object["Destination"] = .string(mount.target)
            }
            object["Mode"] = ""
            object["RW"] = .bool(!mount.readOnly)
            object["Propagation"] = .string(mount.kind == .bind ? mount.propagation?.rawValue ?? "rprivate" : "")
            result.append(.object(object))
        }
        let given = Set(configuration.mounts.map(\.target))
        for volume in record.volumes where !given.contains(volume.target) {
            result.append([
                "Type": "volume", "Name": .string(volume.name),
                "Source": .string(engine.paths.volumeData(volume.name)), "Destination": .string(volume.target),
                "Driver": "local", "Mode": "", "RW": true, "Propagation": "",
            ])
        }
        return .array(result)
    }

    private var config: JSONValue {
        let input = input
        let settings = record.settings
        var object: JSONObject = [
            "Hostname": .string(input.hostname ?? input.facts.hostname),
            "Domainname": .string(configuration.domainname ?? ""),
            "User": .string(configuration.user ?? settings.user),
            "AttachStdin": .bool(configuration.attach.contains(.input)),
            "AttachStdout": .bool(configuration.attach.contains(.output)),
            "AttachStderr": .bool(configuration.attach.contains(.error)),
            "ExposedPorts": Self.set(network.exposed), "Tty": .bool(configuration.tty),
            "OpenStdin": .bool(configuration.interactive), "StdinOnce": .bool(configuration.interactive),
            "Env": input.environment().json,
            "Cmd":
                (configuration.command.isEmpty && configuration.entrypoint == nil
                ? settings.command : configuration.command).json,
            "Image": .string(configuration.image), "Volumes": Self.set(settings.volumes),
            "WorkingDir": .string(input.workingDirectory),
            "Entrypoint": (configuration.entrypoint ?? settings.entrypoint).json,
            "Labels": container.labels.json,
            "StopSignal": .string(configuration.stopSignal ?? settings.stopSignal ?? "SIGTERM"),
            "StopTimeout": configuration.stopTimeout.map { .integer(Int64($0)) } ?? nil,
        ]
        if let check = record.healthcheck { object["Healthcheck"] = check.json }
        return .object(object)
    }

    private static func set(_ names: [String]) -> JSONValue {
        names.isEmpty ? nil : .object(JSONObject(names.map { ($0, .object(JSONObject())) }))
    }

    private var hostConfig: JSONValue {
        let options = configuration.securityOptions
        var security: [JSONValue] = []
        if options.noNewPrivileges { security.append("no-new-privileges") }
        switch options.seccomp {
        case .default: break
        case .unconfined: security.append("seccomp=unconfined")
        case .profile(let text): security.append(.string("seccomp=" + text))
        }
        if options.systemPathsUnconfined { security.append("systempaths=unconfined") }
        let isUnmasked = configuration.privileged || options.systemPathsUnconfined
        let binds = configuration.mounts.filter { $0.kind == .bind }.map { mount in
            "\(mount.source ?? ""):\(mount.target)" + (mount.readOnly ? ":ro" : "")
        }
        let tmpfs = configuration.mounts.filter { $0.kind == .tmpfs }.map {
            ($0.target, JSONValue.string($0.tmpfsOptions.joined(separator: ",")))
        }
        var object: JSONObject = [
            "Binds": binds.json, "LogConfig": configuration.log.report,
            "NetworkMode": .string(network.mode), "PortBindings": network.bindings,
            "PublishAllPorts": .bool(configuration.publishAll), "Dns": configuration.names.servers.json,
            "DnsSearch": (configuration.names.searchDomains ?? []).json,
            "DnsOptions": (configuration.names.options ?? []).json, "ExtraHosts": configuration.names.extraHosts.json,
            "RestartPolicy": [
                "Name": .string(configuration.restart.name),
                "MaximumRetryCount": .integer(Int64(configuration.restart.attempts)),
            ],
            "VolumesFrom": configuration.volumesFrom.map(\.text).json,
            "DeviceCgroupRules": configuration.deviceRules.json,
            "AutoRemove": .bool(configuration.autoRemove), "CapAdd": configuration.capAdd.json,
            "CapDrop": configuration.capDrop.json, "CgroupnsMode": configuration.cgroupns.json,
            "GroupAdd": configuration.groupAdd.json, "IpcMode": configuration.ipc.json,
            "OomScoreAdj": .integer(Int64(configuration.oomScoreAdjust ?? 0)), "PidMode": configuration.pid.json,
            "Privileged": .bool(configuration.privileged), "ReadonlyRootfs": .bool(configuration.readOnly),
            "SecurityOpt": .array(security), "Tmpfs": .object(JSONObject(tmpfs)), "UTSMode": configuration.uts.json,
            "UsernsMode": configuration.userns?.json ?? (record.idRange == nil ? "host" : "private"),
            "ShmSize": .integer(configuration.shmSize ?? SpecificationInput.defaultSharedMemory),
            "Sysctls": configuration.sysctls.json, "Runtime": "nestbox-runtime", "Isolation": "",
            "Init": .bool(configuration.initProcess), "Devices": configuration.devices.json,
            "Ulimits": configuration.ulimits.json, "Annotations": configuration.annotations.json,
            "MaskedPaths": (isUnmasked ? [] : KernelPaths.masked(processors: 0, showsThermalThrottle: false)).json,
            "ReadonlyPaths": (isUnmasked ? [] : KernelPaths.readOnly).json,
        ]
        if let size = configuration.storageSize { object["StorageOpt"] = ["size": .string(String(size))] }
        for (name, value) in resources { object[name] = value }
        return .object(object)
    }

    private var resources: [(String, JSONValue)] {
        let given = configuration.resources
        func number(_ value: Int64?) -> JSONValue { .integer(value ?? 0) }
        return [
            ("Memory", number(given.memory)), ("MemoryReservation", number(given.memoryReservation)),
            ("MemorySwap", number(SpecificationInput.memory(given)?.swap)),
            ("MemorySwappiness", given.memorySwappiness.map { .integer(Int64($0)) } ?? nil),
            ("NanoCpus", number(given.nanoCPUs)), ("CpuShares", number(given.cpuShares)),
            ("CpuPeriod", number(given.cpuPeriod)), ("CpuQuota", number(given.cpuQuota)),
            ("CpusetCpus", .string(given.cpusetCPUs ?? "")), ("CpusetMems", .string(given.cpusetMemories ?? "")),
            ("PidsLimit", .integer(SpecificationInput.pidsLimit(given))),
            ("BlkioWeight", .integer(Int64(given.blockIOWeight ?? 0))),
            ("BlkioDeviceReadBps", given.deviceReadBytes.json), ("BlkioDeviceWriteBps", given.deviceWriteBytes.json),
            ("BlkioDeviceReadIOps", given.deviceReadOperations.json),
            ("BlkioDeviceWriteIOps", given.deviceWriteOperations.json),
        ]
    }
}
