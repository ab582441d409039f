internal import Glibc
internal import LinuxSystem

/// What entries tell beside a file's content.
extension TreeArchiver {
    /// `user.*` and file capabilities; what steers overlayfs, and labels of this host, are no part of the files.
    func attributes(of file: Int32) throws -> [(name: [UInt8], value: [UInt8])] {
        var result: [(name: [UInt8], value: [UInt8])] = []
        for name in try ExtendedAttributes.names(of: file) {
            let isCapability = name.elementsEqual("security.capability".utf8)
            guard isCapability || name.starts(with: "user.".utf8) && !name.starts(with: "user.overlay.".utf8),
                let value = try ExtendedAttributes.value(String(decoding: name, as: UTF8.self), of: file)
            else { continue }
            if !isCapability {
                result.append((name, value))
            } else if let plain = FileCapability.withoutOwner(value, root: ids.first) {
                result.append((name, plain))
            }
        }
        return result
    }

    static func target(of link: Int32, _ path: [UInt8]) throws(SystemError) -> [UInt8] {
        var target = [CChar](repeating: 0, count: 4097)
        let count = try retrying("read link", text(path)) { readlinkat(link, "", &target, 4096) }
        return target[..<count].map(UInt8.init(bitPattern:))
    }
}
