internal import OCISpec

/// A cgroup's path below the root of every hierarchy, validated: it can name nothing outside them.
struct CgroupPath: Sendable, Hashable, CustomStringConvertible {
    /// Without a slash at either end, for example `nestbox-1f2e/6b0c`.
    let description: String
    /// The parts between the slashes; never empty.
    let components: [String]

    /// Validates a path.
    ///
    /// A leading slash is allowed and means nothing: every path is below the root.
    init(_ text: String) throws(CgroupError) {
        // Hierarchies add file names of their own; PATH_MAX is 4,096.
        guard text.utf8.count <= 3072 else {
            throw .invalidPath(text, reason: "it is longer than 3072 bytes")
        }
        let rest = text.dropping(prefix: "/") ?? text
        let components = rest.parts(UInt8(ascii: "/"))
        for component in components {
            if let reason = Self.objection(to: component) { throw .invalidPath(text, reason: reason) }
        }
        self.components = components
        description = rest
    }

    /// The path of the ancestor with that many parts, at least one.
    func ancestor(_ count: Int) -> String {
        var path = components[0]
        for component in components[1..<count] { path += "/" + component }
        return path
    }

    private static func objection(to component: String) -> String? {
        if component.isEmpty { return "a part between its slashes is empty" }
        if component == "." || component == ".." { return "\"\(component)\" is not allowed in it" }
        if component.utf8.count > 255 { return "a part of it is longer than 255 bytes" }
        for byte in component.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
                continue
            default: return "only letters, digits, _, . and - may stand between its slashes"
            }
        }
        // A folder of such a name would hide, or fail beside, a file of the kernel's.
        if component.begins(with: "cgroup.") || component == "tasks" || component == "notify_on_release" {
            return "\"\(component)\" is a name of the kernel's"
        }
        return nil
    }
}
