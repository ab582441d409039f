import Glibc
import LinuxSystem

/// Sends and receives whole Ethernet frames on an interface (packet(7)), as a program with CAP_NET_RAW does.
final class PacketSocket {
    private let socket: FileDescriptor

    init(on interface: String, in namespace: TestNamespace) throws {
        let everyProtocol = UInt16(3).bigEndian  // ETH_P_ALL
        socket = try namespace.perform { () throws in
            let socket = FileDescriptor(
                owning: try retrying("open", "a packet socket") {
                    Glibc.socket(
                        AF_PACKET, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), Int32(everyProtocol))
                })
            // sockaddr_ll, which Swift does not see: family, protocol, index, and 12 bytes that only sending needs.
            var address = sockaddr_storage()
            let index = if_nametoindex(interface)
            withUnsafeMutableBytes(of: &address) { bytes in
                bytes.storeBytes(of: UInt16(AF_PACKET), toByteOffset: 0, as: UInt16.self)
                bytes.storeBytes(of: everyProtocol, toByteOffset: 2, as: UInt16.self)
                bytes.storeBytes(of: index, toByteOffset: 4, as: UInt32.self)
            }
            let number = socket.rawValue
            try retrying("bind a packet socket to", interface) {
                withUnsafePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, 20) }
                }
            }
            return socket
        }
    }

    func send(_ frame: Frame) throws {
        let number = socket.rawValue
        try retrying("send", "a frame") {
            Glibc.send(number, frame.bytes, frame.bytes.count, Int32(MSG_NOSIGNAL))
        }
    }

    /// Forgets the frames that have arrived already.
    func clear() { while next() != nil {} }

    /// Waits for a frame that contains `mark`; what arrived before it is in the result too.
    ///
    /// Frames of one sender keep their order: what an attacker sent before an honest frame with the mark has arrived or
    /// been dropped when that one is there.
    func frames(until mark: String, within bound: Bound = .patiently) -> [[UInt8]] {
        let deadline = Deadline(bound)
        var found: [[UInt8]] = []
        while deadline.waits(for: socket, POLLIN) {
            guard let frame = next() else { continue }
            found.append(frame)
            if frame.contains(mark) { break }
        }
        return found
    }

    /// The next frame that has come in; those that go out are passed over.
    private func next() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        var address = sockaddr_storage()
        while true {
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let count = withUnsafeMutableBytes(of: &address) { bytes in
                recvfrom(
                    socket.rawValue, &buffer, buffer.count, Int32(MSG_DONTWAIT),
                    bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, &length)
            }
            guard count >= 0 else { return nil }
            // sll_pkttype: PACKET_OUTGOING.
            let kind = withUnsafeBytes(of: &address) { $0[10] }
            if kind != 4 { return Array(buffer[..<count]) }
        }
    }
}

extension [UInt8] {
    /// Whether the bytes of `text` stand somewhere in these.
    func contains(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        return indices.contains { self[$0...].starts(with: wanted) }
    }
}
