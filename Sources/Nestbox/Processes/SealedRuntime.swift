internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// `nestbox-runtime`, sealed once for all containers that this process starts.
///
/// Another file in its place, as an update makes it, is sealed anew.
final class SealedRuntime: Sendable {
    private let known = Mutex<Sealed?>(nil)

    /// A sealed program, which stays open as long as anybody uses it.
    final class Sealed: Sendable {
        private let executable: Mutex<SealedExecutable>
        /// Its descriptor, which stays owned by this.
        let descriptor: Int32
        fileprivate let identity: Identity

        fileprivate init(_ path: String, _ identity: Identity) throws(SystemError) {
            let sealed = try SealedExecutable(path)
            descriptor = sealed.program.rawValue
            executable = Mutex(sealed)
            self.identity = identity
        }

        /// The program runs: what was only needed to seal it can go.
        func settle() {
            executable.withLock { $0.settle() }
        }
    }

    /// Which file it is, and when it was written.
    fileprivate struct Identity: Hashable, Sendable {
        let path: String
        let device: UInt
        let inode: UInt
        let size: Int
        let changedAt: [Int]

        init(_ path: String) throws(SystemError) {
            var status = stat()
            try retrying("stat", path) { stat(path, &status) }
            self.path = path
            (device, inode, size) = (status.st_dev, status.st_ino, status.st_size)
            changedAt = [
                status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
            ]
        }
    }

    /// The program at `path`.
    ///
    /// - Throws: `SystemError`.
    func program(at path: String) throws(SystemError) -> Sealed {
        let identity = try Identity(path)
        if let sealed = known.withLock({ $0 }), sealed.identity == identity { return sealed }
        let sealed = try Sealed(path, identity)
        known.withLock { $0 = sealed }
        return sealed
    }
}
