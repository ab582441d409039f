internal import CLinux
internal import Glibc
internal import LinuxSystem

/// What a container has of the host's network until its end.
///
/// The engine has written down what is left to do then: this process needs to know nothing of firewalls and name servers.
struct NetworkTenure {
    private let heldDescriptors: [Int32]
    private let farewellPath: String?

    init(_ request: borrowing LaunchRequest) {
        heldDescriptors = request.heldDescriptors
        farewellPath = request.waitsForNetwork ? request.farewellPath : nil
    }

    /// Takes what was published back, and gives the ports up.
    ///
    /// - Returns: messages for ``send(_:)`` that can wait until everybody knows of the end.
    func end() -> ArraySlice<UInt8> {
        var messages: ArraySlice<UInt8> = []
        if let farewellPath, let bytes = try? FileDescriptor.open(farewellPath).readAll(limit: 16 << 20) {
            let paths = bytes.prefix { $0 != 0 }
            messages = bytes.dropFirst(paths.count + 1)
            Self.sendFirst(of: &messages)
            for path in paths.split(separator: UInt8(ascii: "\n")) { unlink(String(decoding: path, as: UTF8.self)) }
            unlink(farewellPath)
        }
        for descriptor in heldDescriptors { close(descriptor) }
        return messages
    }

    /// Sends messages.
    static func send(_ messages: ArraySlice<UInt8>) {
        var rest = messages
        while !rest.isEmpty { sendFirst(of: &rest) }
    }

    private static func sendFirst(of messages: inout ArraySlice<UInt8>) {
        guard messages.count > 5, let family = messages.popFirst() else { return messages = [] }
        let length = messages.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        messages = messages.dropFirst(4)
        // What the kernel does not find any more was taken back by somebody else.
        _ = messages.prefix(length).withUnsafeBytes { nb_netlink_send(Int32(family), $0.baseAddress, $0.count) }
        messages = messages.dropFirst(length)
    }
}
