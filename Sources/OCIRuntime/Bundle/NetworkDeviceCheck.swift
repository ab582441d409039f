internal import OCISpec

/// Refuses network devices that cannot move, before anything is made.
enum NetworkDeviceCheck {
    /// - Throws: `LaunchError` naming the device.
    static func check(_ linux: RuntimeSpecification.Linux) throws(LaunchError) {
        guard !linux.netDevices.isEmpty else { return }
        guard let namespace = linux.namespaces.first(where: { $0.type == .network }), !namespace.isOwn else {
            throw refusal("they need a network namespace of the container's own; add it to linux.namespaces")
        }
        var names: Set<String> = []
        for (name, device) in linux.netDevices {
            let newName = device.name ?? name
            guard isName(name, isTemplate: false) else { throw refusal("\(name) is no name of a network device") }
            guard isName(newName, isTemplate: true) else { throw refusal("\(newName) is no name of a network device") }
            guard newName.contains("%") || names.insert(newName).inserted else {
                throw refusal("two devices cannot both be \(newName)")
            }
        }
    }

    /// What the kernel takes (dev_valid_name of net/core/dev.c): up to 15 bytes; in a template one `%d`.
    private static func isName(_ text: String, isTemplate: Bool) -> Bool {
        let bytes = Array(text.utf8)
        let isPlain = bytes.allSatisfy { $0 != 0 && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") && !isSpace($0) }
        guard isPlain, 1...15 ~= bytes.count, text != ".", text != ".." else { return false }
        let parts = text.split(separator: "%", omittingEmptySubsequences: false)
        return parts.count == 1 || isTemplate && parts.count == 2 && parts[1].begins(with: "d")
    }

    /// isspace(3) in the C locale.
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || 9...13 ~= byte }

    private static func refusal(_ reason: String) -> LaunchError {
        LaunchError("cannot use the configuration: linux.netDevices: \(reason)")
    }
}
