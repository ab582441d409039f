import Glibc
import LinuxSystem
import Testing

extension TestEngine {
    /// Gives `body` an engine with the busybox image whose root is a small file system of its own.
    ///
    /// - Parameter inodes: how many files it can have.
    static func withSmallRoot(inodes: Int? = nil, _ body: (TestEngine) throws -> Void) throws {
        try with(image: nil) { engine in
            mkdir(engine.root, 0o700)
            try engine.mountSmall(image: "\(engine.folder)/image", inodes)
            defer { umount2(engine.root, Int32(MNT_DETACH)) }
            try #require(engine("load", "-q", "-i", fixture("busybox-docker.tar")).status == 0)
            try body(engine)
            for id in try engine("ps", "-aq").lines { try engine("rm", "-f", String(id)) }
            try engine("network", "rm", "-f", "bridge")
        }
    }

    /// Mounts 12 MiB: tmpfs, or ext4 from a file where tmpfs has no ID-mapped mounts yet.
    private func mountSmall(image: String, _ inodes: Int?) throws {
        guard KernelVersion.running() < KernelVersion(6, 3) else {
            let limit = inodes.map { ",nr_inodes=\($0)" } ?? ""
            try #require(mount("small", root, "tmpfs", 0, "size=12m,mode=700\(limit)") == 0)
            return
        }
        try FileDescriptor.open(image, O_WRONLY | O_CREAT).writeAll([])
        try #require(truncate(image, 12 << 20) == 0)
        let limit = inodes.map { ["-N", String($0)] } ?? []
        for command in [
            ["mke2fs", "-F", "-m", "0"] + limit + [image], ["mount", "-t", "ext4", "-o", "loop", image, root],
        ] {
            let result = try Command.run(command)
            try #require(result.status == 0, "\(command): \(result)")
        }
    }

    /// Fills the file system of the root to the last byte; removing `filler` in the root makes room.
    func fillDisk() throws {
        let file = try FileDescriptor.open("\(root)/filler", O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
        for size in [1 << 16, 1 << 12, 1] {
            let bytes = [UInt8](repeating: 0, count: size)
            while write(file.rawValue, bytes, size) == size {}
        }
    }

    /// Makes files until there can be no more; removing the folder `fillers` in the root makes room.
    func fillInodes() throws {
        let folder = "\(root)/fillers"
        try #require(mkdir(folder, 0o700) == 0)
        var number = 0
        while mknod("\(folder)/\(number)", S_IFREG | 0o600, 0) == 0 { number += 1 }
        try #require(errno == ENOSPC)
    }
}
