internal import LinuxSystem

/// `pause` and `resume`: freezes and thaws all processes of a container.
enum PauseCommand {
    static let pause = Subcommand(options: []) { options, global throws(LaunchError) in
        let container = try options.container(global)
        let status = container.status()
        guard status == .running || status == .created else {
            throw LaunchError("container \(container.record.id) is not running or created: \(status.rawValue)")
        }
        let cgroup = try container.requiredCgroup()
        do throws(CgroupError) {
            try cgroup.freeze()
        } catch {
            throw LaunchError("\(error)")
        }
        return 0
    }

    static let resume = Subcommand(options: []) { options, global throws(LaunchError) in
        let container = try options.container(global)
        guard container.status() == .paused else {
            throw LaunchError("container \(container.record.id) is not paused")
        }
        let cgroup = try container.requiredCgroup()
        do throws(CgroupError) {
            try cgroup.thaw()
        } catch {
            throw LaunchError("\(error)")
        }
        return 0
    }
}
