/// Archives that depend on a seed alone.
extension SeededNumbers {
    private mutating func name() -> String { ["a", "b", "c", "-d", "link"][below(5)] }

    /// Up to four names; now and then `..` or `.` among them.
    private mutating func path() -> String {
        var parts = (0..<1 + below(4)).map { _ in name() }
        if below(12) == 0 { parts.insert(["..", "."][below(2)], at: below(parts.count)) }
        return (below(10) == 0 ? "/" : "") + parts.joined(separator: "/")
    }

    private mutating func target() -> String {
        switch below(4) {
        case 0: "/\(path())"
        case 1: "../\(path())"
        case 2: name()
        default: path()
        }
    }

    mutating func archive() -> [UInt8] {
        var tar = TarBuilder()
        for _ in 0..<1 + below(14) {
            let attributes = TarBuilder.Attributes(
                mode: below(0o10000), uid: below(3) * 1000, gid: below(3) * 1000, mtime: below(2_000_000_000))
            let path = path()
            switch below(18) {
            case 0...3: tar.add(.file, path, data: Array(repeating: UInt8(below(256)), count: below(9000)), attributes)
            case 4...7:
                var folder = attributes
                // A folder whose path led through a link that is another one by the end does not get others.
                folder.mode = folder.mode & 0o1777 | 0o700
                tar.add(.folder, "\(path)/", folder)
            case 8, 9: tar.symlink(path, to: target())
            case 10, 11: tar.hardLink(path, to: self.path())
            case 12: tar.file("\(path)/.wh.\(name())")
            case 13: tar.file("\(path)/.wh..wh..opq")
            case 14, 15:
                var device = attributes
                // Of a node in a folder a change of owner takes these away.
                device.mode &= 0o1777
                if below(2) == 0 {
                    tar.add(.fifo, path, device)
                    continue
                }
                (device.devMajor, device.devMinor) = (below(3), below(3))
                tar.add(.character, path, device)
            default: tar.symlink(path, to: "/\(name())")
            }
        }
        return tar.finished()
    }
}
