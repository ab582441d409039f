internal import ImageStore
internal import NIOCore
internal import NIOHTTP1
internal import OCISpec
internal import Synchronization

/// Says to all threads of one transfer that one of them has failed.
final class Abortion: Sendable {
    private let flag = Atomic(false)

    /// Whether the others are to stop.
    var isCalled: Bool { flag.load(ordering: .relaxed) }

    func call() { flag.store(true, ordering: .relaxed) }
}

/// Another thread of the transfer has failed; its error is the one to report.
struct Aborted: Error {}

/// Fetches one layer: where the connection breaks, the next one goes on behind the last byte.
struct BlobDownload: Sendable {
    /// How often in all a connection may break, however much has come between.
    private static let mostBreaks = 100
    private static let progressStep: Int64 = 256 << 10

    let repository: Repository
    let layer: Descriptor
    let abortion: Abortion
    let observe: TransferObserver

    /// Fetches the layer into an image.
    ///
    /// - Throws: `RegistryError`, `ImageStoreError`, `SystemError`.
    func run(into intake: ImageIntake) throws {
        let receiver = try intake.receive(layer)
        do {
            try fetch(into: receiver)
        } catch ImageStoreError.digestMismatch where receiver.resumedAt > 0 {
            // What an earlier fetch had left, or what the store had, was at fault, perhaps; it is gone now.
            try fetch(into: intake.receive(layer))
        }
    }

    private func fetch(into receiver: LayerReceiver) throws {
        defer { receiver.abandon() }
        var breaks = 0
        var breaksInPlace = 0
        while receiver.received < layer.size {
            let start = receiver.received
            do {
                try continueFetching(into: receiver)
            } catch let error as RegistryError where error.isTransient {
                breaks += 1
                breaksInPlace = receiver.received > start ? 1 : breaksInPlace + 1
                guard breaksInPlace < RegistryConnection.attempts, breaks < Self.mostBreaks, !abortion.isCalled else {
                    throw error
                }
                tell(.interrupted)
                RegistryConnection.wait(breaksInPlace)
            }
        }
        try receiver.finish()
        tell(.complete)
    }

    private func continueFetching(into receiver: LayerReceiver) throws {
        let start = receiver.received
        let object = "layer \(layer.digest.shortened)"
        let (answer, first) = try repository.part(of: layer.digest, from: start, object: object)
        defer { answer.exchange.cancel() }
        // What came before, when the server does not know of parts.
        var surplus = start - first
        if let length = answer.contentLength, length + first != layer.size {
            throw ImageStoreError.sizeMismatch(layer.digest, expected: layer.size, actual: length + first)
        }
        var told = start
        while let part = try answer.next() {
            if abortion.isCalled { throw Aborted() }
            try part.withUnsafeReadableBytes { bytes in
                let passed = Int(min(Int64(bytes.count), surplus))
                surplus -= Int64(passed)
                try receiver.write(UnsafeRawBufferPointer(rebasing: bytes[passed...]))
            }
            if receiver.received - told >= Self.progressStep {
                told = receiver.received
                tell(.transferring(completed: told))
            }
        }
        guard receiver.received == layer.size else {
            throw RegistryError.interrupted(
                host: repository.connection.host.name, object: object,
                reason: "the answer ended after \(receiver.received) of \(layer.size) bytes")
        }
    }

    private func tell(_ phase: TransferProgress.Phase) {
        observe(TransferProgress(layer: layer.digest, phase: phase, size: layer.size))
    }
}
