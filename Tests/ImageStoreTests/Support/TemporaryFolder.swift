import Glibc
import LinuxSystem

@testable import ImageStore

/// A folder of its own for one test; gone with the value.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/var/tmp/nestbox-images-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno.current }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        guard let folder = try? FileDescriptor.open(path, O_RDONLY | O_DIRECTORY) else { return }
        var remover = TreeRemover(scratch: folder.rawValue)
        try? remover.removeScratch()
        rmdir(path)
    }

    /// A path in the folder.
    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file, and its folder where that is missing.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let root = try RootDirectory(path: path)
        if let slash = name.lastIndex(of: "/") { _ = try root.makeDirectories(RootedPath(String(name[..<slash]))) }
        try FileDescriptor.open(self(name), O_WRONLY | O_CREAT | O_TRUNC).writeAll(bytes)
        return self(name)
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }
}

/// What stands at a path; nil when nothing does.
///
/// Links are not followed.
func fileStatus(_ path: String) -> stat? {
    var result = stat()
    return lstat(path, &result) == 0 ? result : nil
}

extension stat {
    var kind: mode_t { st_mode & S_IFMT }
    var permissions: mode_t { st_mode & 0o7777 }
}

/// The text of a file; nil when it cannot be read.
func text(_ path: String) -> String? {
    guard let file = try? FileDescriptor.open(path, O_RDONLY | O_NONBLOCK), let bytes = try? file.readAll() else {
        return nil
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// What a symbolic link says.
func linkTarget(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = readlink(path, &buffer, buffer.count)
    return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
}

/// The names in a folder, in order.
func names(_ path: String) -> [String] {
    var result: [String] = []
    guard let folder = try? FileDescriptor.open(path, O_RDONLY | O_DIRECTORY) else { return [] }
    try? TreeRemover.forEachName(in: folder.rawValue) { result.append(String(cString: $0)) }
    return result.sorted()
}

/// Everything below a folder, as paths.
func tree(_ path: String) -> [String] {
    names(path).flatMap { name in
        [name] + (fileStatus("\(path)/\(name)")?.kind == S_IFDIR ? tree("\(path)/\(name)").map { "\(name)/\($0)" } : [])
    }
}

/// Device nodes, owners and `trusted` attributes need it.
let isRoot = geteuid() == 0
