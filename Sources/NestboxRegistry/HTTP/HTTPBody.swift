internal import AsyncHTTPClient
internal import Glibc
internal import LinuxSystem
internal import NIOCore

/// What is sent with a request.
enum HTTPBody: Sendable {
    case none
    case bytes([UInt8])
    case file(FileBody)

    var clientBody: HTTPClient.Body? {
        switch self {
        case .none: nil
        case .bytes(let bytes): .bytes(bytes)
        case .file(let file): .stream(contentLength: file.size - file.start) { file.write(to: $0, from: file.start) }
        }
    }
}

/// An open file that is sent as it is, or from a place in it on, a piece after the other.
final class FileBody: Sendable {
    private static let pieceSize = 256 << 10

    let size: Int64
    let start: Int64
    private let descriptor: LinuxSystem.FileDescriptor
    private let progress: @Sendable (Int64) -> Void

    /// - Parameters:
    ///   - start: the place of the first byte to send.
    ///   - progress: is told up to where the file was handed to the connection.
    init(
        _ descriptor: consuming LinuxSystem.FileDescriptor, from start: Int64, size: Int64,
        progress: @escaping @Sendable (Int64) -> Void
    ) {
        self.descriptor = descriptor
        self.start = start
        self.size = size
        self.progress = progress
    }

    /// Sends the rest of the file; the next piece is read when the connection has taken the one before.
    func write(to writer: HTTPClient.Body.StreamWriter, from offset: Int64) -> EventLoopFuture<Void> {
        var buffer = ByteBuffer()
        let wanted = Int(min(Int64(Self.pieceSize), size - offset))
        let number = descriptor.rawValue
        let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { bytes in
            max(0, pread(number, bytes.baseAddress, min(bytes.count, wanted), off_t(offset)))
        }
        let next = offset + Int64(count)
        return writer.write(.byteBuffer(buffer)).flatMap { [self] in
            progress(next)
            // A file that became shorter ends the request with an error of its own: its length was told.
            guard count > 0, next < size else { return writer.write(.byteBuffer(ByteBuffer())) }
            return write(to: writer, from: next)
        }
    }
}
