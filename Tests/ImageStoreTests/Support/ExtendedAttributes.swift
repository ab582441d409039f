import CLinux
import Glibc

/// The value of an extended attribute as text; nil when there is none.
///
/// Links are not followed.
func extendedAttribute(_ path: String, _ name: String) -> String? {
    var value = [UInt8](repeating: 0, count: 65536)
    let count = path.withCString { path in
        name.withCString { name in
            value.withUnsafeMutableBytes { value in
                nb_syscall6(
                    Int(SYS_lgetxattr), Int(bitPattern: path), Int(bitPattern: name),
                    Int(bitPattern: value.baseAddress), value.count, 0, 0)
            }
        }
    }
    return count < 0 ? nil : String(decoding: value.prefix(count), as: UTF8.self)
}
