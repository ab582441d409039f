import Glibc
import LinuxSystem

/// Runs `body` with the path of a folder of its own, which is removed afterwards with all that is in it.
func withTemporaryFolder<Value>(_ body: (String) throws -> Value) throws -> Value {
    var template = Array("/tmp/nestbox-runtime.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("make", "a folder", .current) }
    let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer { try? FileTree.remove(folder) }
    return try body(folder)
}
