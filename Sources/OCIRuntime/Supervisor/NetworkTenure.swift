internal import CLinux
internal import Glibc
internal import LinuxSystem

/// What a container has of the host's network until its end.
struct NetworkTenure {
    private let heldDescriptors: [Int32]
    private let farewellPath: String?

    init(_ request: borrowing LaunchRequest) {
        heldDescriptors = request.heldDescriptors
        farewellPath = request.waitsForNetwork ? request.farewellPath : nil
    }

    /// Takes what was published back, and gives the ports up.
    ///
    /// The engine has written down how: this process needs to know nothing of firewalls and name servers.
    func end() {
        if let farewellPath, let bytes = try? FileDescriptor.open(farewellPath).readAll(limit: 16 << 20) {
            let paths = bytes.prefix { $0 != 0 }
            // What the kernel does not find any more was taken back by somebody else.
            _ = bytes.dropFirst(paths.count + 1).withUnsafeBytes { nb_netfilter_send($0.baseAddress, $0.count) }
            for path in paths.split(separator: UInt8(ascii: "\n")) { unlink(String(decoding: path, as: UTF8.self)) }
            unlink(farewellPath)
        }
        for descriptor in heldDescriptors { close(descriptor) }
    }
}
