internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// `state`: prints how a container is.
enum StateCommand {
    static let command = Subcommand(options: []) { options, global throws(LaunchError) in
        let container = try options.container(global)
        var bytes = JSONValue.object(description(of: container, owner: "")).serialized(pretty: true)
        // runc ends it without a line break.
        bytes.removeLast()
        try Output.write(bytes)
        return 0
    }

    /// The members of runc's `state` and `list`, in its order.
    static func description(of container: FoundContainer, owner: String) -> JSONObject {
        let status = container.status()
        let record = container.record
        var object = JSONObject()
        object.set("ociVersion", to: record.ociVersion)
        object.set("id", to: record.id)
        object.set("pid", to: status == .stopped ? 0 : record.process?.pid ?? 0)
        object.set("status", to: status.rawValue)
        object.set("bundle", to: record.bundle)
        object.set("rootfs", to: record.rootfs)
        object.set("created", to: record.created)
        object.setUnlessEmpty("annotations", to: record.annotations)
        object.set("owner", to: owner)
        return object
    }
}

/// Standard output.
enum Output {
    /// Writes all of it.
    ///
    /// - Throws: `LaunchError`.
    static func write(_ bytes: [UInt8]) throws(LaunchError) {
        do throws(SystemError) {
            try FileDescriptor(
                owning: try retrying("use", "standard output") { fcntl(1, F_DUPFD_CLOEXEC, 3) }
            ).writeAll(bytes)
        } catch {
            throw LaunchError(error)
        }
    }

    /// Writes text.
    static func write(_ text: String) throws(LaunchError) { try write(Array(text.utf8)) }
}
