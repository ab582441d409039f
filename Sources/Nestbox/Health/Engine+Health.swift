internal import LinuxSystem
internal import OCIRuntime
internal import OCISpec

extension Engine {
    /// What the container's monitor is to do; nil: nothing.
    ///
    /// Its record begins anew.
    func healthCheck(of record: ContainerRecord) throws -> HealthCheck? {
        let path = paths.container(record.id).health
        guard let check = record.healthcheck, record.isProbed else {
            try StoredFile.remove(path)
            return nil
        }
        // Whoever looks before the monitor has written anything sees what it is going to write.
        try AtomicFile.write(HealthRecord().jsonBytes(), to: path)
        let container = Container(record: record, state: ContainerState())
        // The process is only known when the container runs.
        let probe = try execRequest(
            ExecConfiguration(command: check.command(shell: record.settings.shell)), in: container,
            process: ProcessIdentity(pid: 0, startTime: 0))
        func milliseconds(_ value: Int64, _ usual: Int64) -> Int64 {
            value > 0 ? max(value / 1_000_000, 1) : usual
        }
        return HealthCheck(
            probe: probe, interval: milliseconds(check.interval, 30_000), timeout: milliseconds(check.timeout, 30_000),
            startPeriod: milliseconds(check.startPeriod, 0), startInterval: milliseconds(check.startInterval, 5000),
            retries: check.retries > 0 ? check.retries : 3, recordPath: path)
    }

    /// What is known of its health; nil when the record cannot be read.
    func healthRecord(of record: ContainerRecord) -> HealthRecord? {
        guard let bytes = try? StoredFile.read(paths.container(record.id).health) else { return nil }
        return try? HealthRecord(jsonBytes: bytes)
    }
}

extension ContainerRecord {
    /// Its health check: the image's, and what was asked for over it.
    var healthcheck: ImageConfiguration.Config.Healthcheck? {
        guard let asked = configuration.health else { return settings.healthcheck }
        return asked.merged(with: settings.healthcheck)
    }

    /// Whether somebody finds out how its health is.
    var isProbed: Bool {
        guard let kind = healthcheck?.test.first else { return false }
        return kind != "NONE"
    }
}

extension ImageConfiguration.Config.Healthcheck {
    /// The command of a probe.
    fileprivate func command(shell: [String]) -> [String] {
        guard test.first == "CMD-SHELL" else { return Array(test.dropFirst()) }
        return (shell.isEmpty ? ["/bin/sh", "-c"] : shell) + test.dropFirst().prefix(1)
    }
}
