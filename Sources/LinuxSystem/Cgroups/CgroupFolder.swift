internal import CLinux
internal import Glibc

/// The open folder of a cgroup in one hierarchy.
struct CgroupFolder: ~Copyable {
    let descriptor: FileDescriptor
    /// Absolute; for messages and for what has no call by descriptor.
    let path: String
    /// The cgroup's name in messages.
    let cgroup: String

    init(path: String, cgroup: String) throws(CgroupError) {
        do {
            descriptor = try FileDescriptor.open(path, NB_O_PATH | O_DIRECTORY | O_NOFOLLOW)
        } catch {
            throw .folder(operation: "open", folder: path, errno: error.errno, hint: nil)
        }
        self.path = path
        self.cgroup = cgroup
    }

    init(_ descriptor: consuming FileDescriptor, path: String, cgroup: String) {
        self.descriptor = descriptor
        self.path = path
        self.cgroup = cgroup
    }

    /// Writes a value in one piece; the result is nil or why not.
    borrowing func attemptWrite(_ value: String, to file: String) -> Errno? {
        var value = value
        let result = value.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                nb_cgroup_write(descriptor.rawValue, file, $0.baseAddress, $0.count)
            }
        }
        return result < 0 ? Errno(-result) : nil
    }

    borrowing func write(_ value: String, to file: String, hint: String? = nil) throws(CgroupError) {
        guard let errno = attemptWrite(value, to: file) else { return }
        throw .write(value: value, file: file, cgroup: cgroup, errno: errno, hint: hint)
    }

    /// The file's text without the newline at its end; nil when there is no such file (or no such cgroup any more).
    borrowing func read(_ file: String, capacity: Int = 4096) throws(CgroupError) -> String? {
        var result = 0
        let text = String(unsafeUninitializedCapacity: capacity) { buffer in
            result = buffer.withMemoryRebound(to: CChar.self) {
                nb_cgroup_read(descriptor.rawValue, file, $0.baseAddress, $0.count)
            }
            guard result > 0 else { return 0 }
            return buffer[result - 1] == UInt8(ascii: "\n") ? result - 1 : result
        }
        if result >= 0 { return text }
        let errno = Errno(Int32(-result))
        if errno == .noSuchFile || errno.rawValue == ENODEV { return nil }
        throw .read(file: file, cgroup: cgroup, errno: errno)
    }

    /// Processes of this very cgroup, without those of sub-cgroups.
    ///
    /// A process of a foreign PID namespace reads as 0
    /// and is left out.
    borrowing func processes() throws(CgroupError) -> [Int32] {
        let bytes: [UInt8]
        do {
            bytes = try descriptor.open("cgroup.procs").readAll()
        } catch  where error.errno == .noSuchFile || error.errno.rawValue == ENODEV {
            return []
        } catch {
            throw .read(file: "cgroup.procs", cgroup: cgroup, errno: error.errno)
        }
        return bytes.split(separator: UInt8(ascii: "\n"))
            .compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
            .filter { $0 > 0 }
    }

    /// The names of the sub-cgroups.
    borrowing func children() throws(CgroupError) -> [String] {
        let number: Int32
        do {
            number = try descriptor.open(".", O_RDONLY | O_DIRECTORY).release()
        } catch  where error.errno == .noSuchFile || error.errno.rawValue == ENODEV {
            return []
        } catch {
            throw .folder(operation: "list", folder: path, errno: error.errno, hint: nil)
        }
        guard let stream = fdopendir(number) else {
            let errno = Errno.current
            close(number)
            throw .folder(operation: "list", folder: path, errno: errno, hint: nil)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            guard entry.pointee.d_type == DT_DIR else { continue }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cText: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

/// A number found behind a name in a file of `name value` lines, as `memory.events` or `cpu.stat` are.
func keyedNumber(_ key: String, in text: String) -> Int? {
    for line in text.split(separator: "\n") {
        let words = line.split(separator: " ")
        if words.count == 2, words[0] == key { return Int(words[1]) }
    }
    return nil
}
