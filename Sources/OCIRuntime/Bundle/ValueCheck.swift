internal import OCISpec

/// Refuses values that the kernel would take for something else than they say.
enum ValueCheck {
    /// - Throws: `LaunchError` naming the member.
    static func check(_ specification: RuntimeSpecification) throws(LaunchError) {
        for device in specification.linux?.devices ?? [] where device.type != .fifo {
            // Cut to the kernel's bits they would be another device's (Linux has 12 and 20).
            guard 0..<1 << 12 ~= device.major, 0..<1 << 20 ~= device.minor else {
                throw refusal(
                    "linux.devices", "\(device.path) has the numbers \(device.major):\(device.minor), out of range")
            }
        }
        let hooks = specification.hooks ?? .init()
        for hook in hooks.prestart + hooks.createRuntime + hooks.createContainer + hooks.startContainer
            + hooks.poststart + hooks.poststop
        {
            try check(hook)
        }
    }

    /// The id 2^32 - 1 means "leave as it is" to setresuid(2): the process would stay root.
    static func check(_ user: RuntimeSpecification.Process.User) throws(LaunchError) {
        let none = UInt32.max
        guard user.uid != none, user.gid != none, !user.additionalGids.contains(none) else {
            throw refusal("process.user", "\(none) is no id")
        }
    }

    private static func check(_ hook: RuntimeSpecification.Hook) throws(LaunchError) {
        guard hook.path.begins(with: "/") else {
            throw refusal("hooks", "the path \(hook.path) must be absolute")
        }
        guard hook.timeout.map({ 1...Int(Int32.max) ~= $0 }) ?? true else {
            throw refusal("hooks", "the timeout of \(hook.path) must be from 1 to \(Int32.max) seconds")
        }
    }

    private static func refusal(_ member: String, _ reason: String) -> LaunchError {
        LaunchError("cannot use the configuration: \(member): \(reason)")
    }
}
