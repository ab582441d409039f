internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// The namespaces that a container shares with others: criu does not dump them, and joins them again.
struct CRIUNamespaces {
    private let namespaces: [RuntimeSpecification.Linux.Namespace]

    init(_ linux: RuntimeSpecification.Linux?) {
        namespaces = (linux?.namespaces ?? []).filter { !$0.isNew }
    }

    /// Of these criu takes a descriptor; runc has the same names.
    private static func externalName(_ namespace: RuntimeSpecification.Linux.Namespace) -> (kind: String, key: String)?
    {
        switch namespace.type {
        case .network: ("net", "extRootNetNS")
        case .pid: ("pid", "extRootPidNS")
        default: nil
        }
    }

    /// What is left out of a dump.
    ///
    /// - Throws: `LaunchError` when one is not there any more.
    func externals() throws(LaunchError) -> [String] {
        var names: [String] = []
        for namespace in namespaces {
            guard let name = Self.externalName(namespace), let path = namespace.path else { continue }
            var status = stat()
            guard stat(path, &status) == 0 else {
                throw LaunchError(SystemError("find the \(namespace.type.rawValue) namespace", path, .current))
            }
            names.append("\(name.kind)[\(status.st_ino)]:\(name.key)")
        }
        return names
    }

    /// Opens what criu is to put the container into, and says so in the options.
    ///
    /// - Parameter first: the number that criu has for the first descriptor.
    /// - Returns: the descriptors, which the caller has to close.
    /// - Throws: `LaunchError` when one is not there.
    func join(_ options: inout CRIUOptions, first: Int32) throws(LaunchError) -> [Int32] {
        var opened: [Int32] = []
        for namespace in namespaces {
            guard let path = namespace.path else { continue }
            guard let name = Self.externalName(namespace) else {
                options.joinedNamespaces.append(.init(key: namespace.type.fileName, value: path))
                continue
            }
            do throws(SystemError) {
                let descriptor = try FileDescriptor.open(path)
                options.inheritedDescriptors.append(.init(key: name.key, number: first + Int32(opened.count)))
                opened.append(descriptor.release())
            } catch {
                for number in opened { close(number) }
                throw LaunchError("cannot join the \(namespace.type.rawValue) namespace \(path): \(error)")
            }
        }
        return opened
    }
}
