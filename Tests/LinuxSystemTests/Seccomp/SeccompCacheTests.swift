import Glibc
import OCISpec
import Testing

@testable import LinuxSystem

@Suite("The cache of compiled filters") struct SeccompCacheTests {
    typealias Seccomp = RuntimeSpecification.Linux.Seccomp

    private let profile = Seccomp(
        defaultAction: .errno, architectures: [.x86, .arm],
        syscalls: [Seccomp.Syscall(names: ["read", "mseal", "frobnicate"], action: .allow)])

    /// Runs `body` with the path of a folder that does not exist yet and is removed afterwards.
    private func withFolder(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/nestbox-seccomp-XXXXXX".utf8CString)
        let path = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer {
            for folder in [path + "/cache", path] {
                for name in list(folder) { unlink("\(folder)/\(name)") }
                rmdir(folder)
            }
        }
        try body(path + "/cache")
    }

    private func list(_ path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) throws {
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC)
        try file.writeAll(bytes)
        fchmod(file.rawValue, mode)
    }

    private func inode(_ path: String) -> UInt {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_ino : 0
    }

    @Test("a filter comes back as it was compiled, from one private file")
    func roundTrip() throws {
        try withFolder { folder in
            let cache = SeccompCache(directory: folder)
            let compiled = try SeccompCompiler.compile(profile)
            #expect(try cache.filter(for: profile) == compiled)
            let names = list(folder)
            #expect(names.count == 1)
            let path = "\(folder)/\(names[0])"
            let first = inode(path)
            #expect(try cache.filter(for: profile) == compiled)
            #expect(inode(path) == first)
            #expect(compiled.unknownSyscalls == ["frobnicate"])
            #expect(try FileDescriptor.open(path).status().st_mode == S_IFREG | 0o600)
            #expect(try FileDescriptor.open(folder).status().st_mode == S_IFDIR | 0o700)
        }
    }

    @Test("it is the file's content that is used")
    func usesTheFile() throws {
        try withFolder { folder in
            let key = SeccompCacheKey(profile)
            let planted = SeccompFilter(
                program: [6, 0, 0, 0, 0, 0, 0, 0], flags: 3, needsListener: true, unknownSyscalls: [])
            mkdir(folder, 0o700)
            try write(SeccompCacheEntry.encode(planted, key: key.bytes), to: "\(folder)/\(key.fileName)")
            #expect(try SeccompCache(directory: folder).filter(for: profile) == planted)
        }
    }

    @Test("a damaged, foreign, open or linked file is replaced")
    func refusesBadFiles() throws {
        try withFolder { folder in
            let cache = SeccompCache(directory: folder)
            let compiled = try cache.filter(for: profile)
            let path = "\(folder)/\(list(folder)[0])"
            let good = try FileDescriptor.open(path).readAll()
            func expectReplaced(_ what: String) throws {
                let before = inode(path)
                #expect(try cache.filter(for: profile) == compiled, "\(what)")
                #expect(inode(path) != before, "\(what)")
                #expect(try FileDescriptor.open(path).readAll() == good, "\(what)")
            }
            for place in stride(from: 0, to: good.count, by: 97) + [good.count - 1] {
                var bad = good
                bad[place] ^= 0x10
                try write(bad, to: path)
                try expectReplaced("byte \(place)")
            }
            for length in [0, 1, 63, 64, good.count - 8] {
                try write(Array(good.prefix(length)), to: path)
                try expectReplaced("length \(length)")
            }
            try write(good + [0], to: path)
            try expectReplaced("longer")
            let other = SeccompCacheKey(defaultFor: .none, kernel: KernelVersion(6, 1))
            try write(SeccompCacheEntry.encode(compiled, key: other.bytes), to: path)
            try expectReplaced("another key under the same name")
            try write(good, to: path, mode: 0o644)
            try expectReplaced("readable by others")
            try write(good, to: folder + "/target")
            unlink(path)
            symlink("target", path)
            try expectReplaced("a symlink")
            if geteuid() == 0 {
                chown(path, 65534, 65534)
                try expectReplaced("another owner")
            }
            unlink(path)
            mkfifo(path, 0o600)
            try expectReplaced("a fifo")
        }
    }

    @Test("a folder that cannot be written costs nothing but time")
    func unwritable() throws {
        let compiled = try SeccompCompiler.compile(profile)
        for folder in ["/proc/self/nestbox", "/dev/null", "/nonexistent/a/b"] {
            #expect(try SeccompCache(directory: folder).filter(for: profile) == compiled)
        }
        #expect(try SeccompCache(directory: nil).filter(for: profile) == compiled)
    }

    @Test("what another process is compiling is waited for and used")
    func waitsForAnother() throws {
        try withFolder { folder in
            let cache = SeccompCache(directory: folder)
            _ = try cache.filter(for: profile)
            let name = try #require(list(folder).first)
            try retrying("rename", folder) { rename("\(folder)/\(name)", "\(folder)/hidden") }
            let made = inode("\(folder)/hidden")
            // The other process: it holds the folder's lock, and its file appears while we wait.
            let lock = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
            #expect(flock(lock.rawValue, LOCK_EX) == 0)
            let child = renameSoon("\(folder)/hidden", "\(folder)/\(name)")
            _ = try cache.filter(for: profile)
            // Looked at before the other process can have replaced one of our making.
            #expect(inode("\(folder)/\(name)") == made, "it was compiled once more")
            var status: Int32 = 0
            waitpid(child, &status, 0)
            // One that never gets ready is not waited for without end.
            unlink("\(folder)/\(name)")
            _ = try cache.filter(for: profile)
            #expect(list(folder) == [name])
        }
    }

    /// Starts a process that renames a file in a moment.
    private func renameSoon(_ old: String, _ new: String) -> pid_t {
        var pid: pid_t = 0
        let words = ["sh", "-c", "sleep 0.02; mv \"$0\" \"$1\"", old, new]
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        #expect(posix_spawn(&pid, "/bin/sh", nil, nil, arguments, nil) == 0)
        return pid
    }

    @Test("leftovers of killed writers go, other files stay, a full folder is emptied")
    func sweeps() throws {
        try withFolder { folder in
            mkdir(folder, 0o700)
            let stale = ".0123456789abcdef.bpf.77.new"
            for name in [stale, ".fedcba9876543210.bpf.1.new", "keep.bpf", "0123456789abcdeg.bpf"] {
                try write([1], to: "\(folder)/\(name)")
            }
            var times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
            utimensat(AT_FDCWD, "\(folder)/\(stale)", &times, 0)
            let cache = SeccompCache(directory: folder)
            _ = try cache.filter(for: profile)
            let own = SeccompCacheKey(profile).fileName
            #expect(
                Set(list(folder)) == [".fedcba9876543210.bpf.1.new", "keep.bpf", "0123456789abcdeg.bpf", own])
            for number in 0..<SeccompCache.capacity {
                let digits = String(number + 0x1000, radix: 16)
                try write([1], to: "\(folder)/000000000000\(digits).bpf")
            }
            _ = try cache.defaultFilter(capabilities: .none)
            #expect(list(folder).filter { $0.hasSuffix(".bpf") }.count == 3)
        }
    }

    @Test("keys differ when anything that counts differs")
    func keys() {
        var variants = [profile]
        func vary(_ change: (inout Seccomp) -> Void) {
            var other = profile
            change(&other)
            variants.append(other)
        }
        vary { $0.defaultAction = .killProcess }
        vary { $0.defaultErrnoRet = 1 }
        vary { $0.defaultErrnoRet = 2 }
        vary { $0.architectures = [] }
        vary { $0.flags = [.log] }
        vary { $0.syscalls[0].names = ["read", "msealfrobnicate"] }
        vary { $0.syscalls[0].names = ["readmseal", "frobnicate"] }
        vary { $0.syscalls[0].action = .log }
        vary { $0.syscalls[0].args = [.init(index: 0, value: 1, op: .equal)] }
        vary { $0.syscalls[0].args = [.init(index: 0, value: 1, valueTwo: 1, op: .equal)] }
        vary { $0.syscalls[0].args = [.init(index: 1, value: 1, op: .equal)] }
        vary { $0.syscalls[0].args = [.init(index: 1, value: 1, op: .less)] }
        vary { $0.syscalls.append(Seccomp.Syscall(names: [], action: .allow)) }
        #expect(Set(variants.map { SeccompCacheKey($0).bytes }).count == variants.count)
        #expect(Set(variants.map { SeccompCacheKey($0).fileName }).count == variants.count)
        let kernel = KernelVersion(6, 1)
        #expect(
            SeccompCacheKey(defaultFor: [.chown], kernel: kernel).bytes
                == SeccompCacheKey(defaultFor: .none, kernel: kernel).bytes)
        #expect(
            SeccompCacheKey(defaultFor: [.sysAdmin], kernel: kernel).bytes
                != SeccompCacheKey(defaultFor: .none, kernel: kernel).bytes)
        #expect(
            SeccompCacheKey(defaultFor: .none, kernel: KernelVersion(4, 7)).bytes
                != SeccompCacheKey(defaultFor: .none, kernel: kernel).bytes)
    }

    @Test("the default filter is the default profile's, with capabilities that do not matter left out")
    func defaults() throws {
        try withFolder { folder in
            let cache = SeccompCache(directory: folder)
            for capabilities: CapabilitySet in [.containerDefault, CapabilitySet(mask: .max), [.sysTime, .chown]] {
                let compiled = try SeccompCompiler.compile(SeccompProfile.default(capabilities: capabilities))
                #expect(try cache.defaultFilter(capabilities: capabilities) == compiled)
                #expect(try cache.defaultFilter(capabilities: capabilities) == compiled)
            }
            #expect(list(folder).count == 3)
        }
    }

    @Test("what the default profile says has not changed without a new version")
    func version() {
        // When this fails, raise SeccompCompiler.version and put the new value here: caches of older programs of ours
        // would otherwise serve filters of the old content.
        var state: UInt64 = 0
        for mask in [UInt64(0), .max] {
            let profile = SeccompProfile.default(
                capabilities: CapabilitySet(mask: mask), kernel: KernelVersion(6, 1))
            state ^= profile.jsonBytes().withUnsafeBytes(SeccompCacheEntry.hash) &+ mask
        }
        #if arch(x86_64)
            #expect(SeccompCompiler.version == 3)
            #expect(state == 9_718_456_283_767_782_585)
        #endif
    }
}
