import CLinux
import Glibc
import LinuxSystem
import Testing

@testable import OCIRuntime

/// What the journal is sent of a container's output.
@Suite struct JournalLogTests {
    /// A socket that takes what a journal would.
    final class Receiver {
        let socket: FileDescriptor

        init(_ path: String) throws {
            let number = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            socket = FileDescriptor(owning: number)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            let result = withUnsafeBytes(of: &address) {
                bind(number, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t($0.count))
            }
            try #require(result == 0)
        }

        /// The next datagram, and the file that came with it.
        func next() -> (bytes: [UInt8], file: [UInt8]?)? {
            var buffer = [UInt8](repeating: 0, count: 1 << 18)
            var control = [UInt8](repeating: 0, count: 64)
            var descriptor: Int32 = -1
            let count = buffer.withUnsafeMutableBytes { bytes in
                control.withUnsafeMutableBytes { space in
                    var vector = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                    return withUnsafeMutablePointer(to: &vector) { vector in
                        var message = msghdr()
                        message.msg_iov = vector
                        message.msg_iovlen = 1
                        message.msg_control = space.baseAddress
                        message.msg_controllen = space.count
                        let count = recvmsg(socket.rawValue, &message, Int32(MSG_DONTWAIT))
                        // A header of 16 bytes, and the number.
                        if message.msg_controllen >= 20 { descriptor = space.load(fromByteOffset: 16, as: Int32.self) }
                        return count
                    }
                }
            }
            guard count >= 0 else { return nil }
            guard descriptor >= 0 else { return (Array(buffer[..<count]), nil) }
            let file = FileDescriptor(owning: descriptor)
            lseek(descriptor, 0, SEEK_SET)
            return (Array(buffer[..<count]), try? file.readAll(limit: 1 << 24))
        }

        func text() -> String? { next().map { String(decoding: $0.bytes, as: UTF8.self) } }
    }

    private func append(_ text: String, to log: JournalLog, _ stream: JSONFileLog.Stream = .stdout) {
        Array(text.utf8).withUnsafeBytes { log.append($0, to: stream) }
    }

    @Test func aLineIsAnEntryWithThePriorityOfItsStream() throws {
        try withTemporaryFolder { folder in
            let receiver = try Receiver("\(folder)/socket")
            let log = try JournalLog(
                fields: Array("CONTAINER_NAME=web\n".utf8), path: "\(folder)/socket", mustBeThere: true)
            append("one\nt", to: log)
            append("wo\n", to: log, .stderr)
            append("wo\nlast", to: log)
            #expect(receiver.text() == "PRIORITY=6\nCONTAINER_NAME=web\nMESSAGE=one\n")
            #expect(receiver.text() == "PRIORITY=3\nCONTAINER_NAME=web\nMESSAGE=wo\n")
            #expect(receiver.text() == "PRIORITY=6\nCONTAINER_NAME=web\nMESSAGE=two\n")
            #expect(receiver.text() == nil)
            log.finish()
            #expect(receiver.text() == "PRIORITY=6\nCONTAINER_NAME=web\nMESSAGE=last\n")
        }
    }

    /// A program in the container must not write fields of its own.
    @Test func bytesThatWouldEndAFieldHaveTheirLengthBeforeThem() throws {
        try withTemporaryFolder { folder in
            let receiver = try Receiver("\(folder)/socket")
            let log = try JournalLog(fields: [], path: "\(folder)/socket", mustBeThere: true)
            let line: [UInt8] = [0xff, 0, 13, 0x41]
            (line + [10]).withUnsafeBytes { log.append($0, to: .stdout) }
            let bytes = try #require(receiver.next()).bytes
            #expect(bytes == Array("PRIORITY=6\nMESSAGE\n".utf8) + [4, 0, 0, 0, 0, 0, 0, 0] + line + [10])
        }
    }

    @Test func aLongLineIsSeveralEntriesAllButTheLastMarked() throws {
        try withTemporaryFolder { folder in
            let receiver = try Receiver("\(folder)/socket")
            let log = try JournalLog(fields: [], path: "\(folder)/socket", mustBeThere: true)
            append(String(repeating: "x", count: 40_000) + "\nshort\n", to: log)
            let entries = (0..<4).compactMap { _ in receiver.text() }
            let mark = "CONTAINER_PARTIAL_MESSAGE=true\n"
            #expect(entries.map { $0.contains(mark) } == [true, true, false, false])
            #expect(
                entries.map { $0.utf8.count { $0 == UInt8(ascii: "x") } } == [16384, 16384, 40_000 - 32768, 0])
        }
    }

    @Test func whatIsTooLongForADatagramComesAsASealedFile() throws {
        try withTemporaryFolder { folder in
            let receiver = try Receiver("\(folder)/socket")
            let fields = Array(("LONG=" + String(repeating: "y", count: 400_000) + "\n").utf8)
            let log = try JournalLog(fields: fields, path: "\(folder)/socket", mustBeThere: true)
            append("one\n", to: log)
            let entry = try #require(receiver.next())
            #expect(entry.bytes.isEmpty)
            #expect(entry.file == Array("PRIORITY=6\n".utf8) + fields + Array("MESSAGE=one\n".utf8))
        }
    }

    /// A journal that nobody reads does not hold the container up, and says afterwards what is missing in it.
    @Test func whatTheJournalDoesNotTakeIsCounted() throws {
        try withTemporaryFolder { folder in
            let receiver = try Receiver("\(folder)/socket")
            let log = try JournalLog(fields: [], path: "\(folder)/socket", mustBeThere: true)
            let count = 5000
            for number in 0..<count { append("line \(number)\n", to: log) }
            var taken = 0
            while receiver.text() != nil { taken += 1 }
            #expect(taken > 0 && taken < count)
            append("after\n", to: log)
            #expect(
                receiver.text()
                    == "PRIORITY=4\nMESSAGE=\(count - taken) lines of the container are missing here: "
                    + "the journal did not take them\n")
            #expect(receiver.text() == "PRIORITY=6\nMESSAGE=after\n")
        }
    }

    @Test func anotherJournalAtTheSamePlaceIsFound() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/socket"
            #expect(throws: SystemError.self) { _ = try JournalLog(fields: [], path: path, mustBeThere: true) }
            var receiver: Receiver? = try Receiver(path)
            let log = try JournalLog(fields: [], path: path, mustBeThere: true)
            append("one\n", to: log)
            #expect(receiver?.text()?.contains("one") == true)
            receiver = nil
            unlink(path)
            append("lost\n", to: log)
            receiver = try Receiver(path)
            append("two\n", to: log)
            #expect(receiver?.text()?.contains("MESSAGE=1 lines") == true)
            #expect(receiver?.text() == "PRIORITY=6\nMESSAGE=two\n")
            // One that comes late is found, too.
            let late = try JournalLog(fields: [], path: "\(folder)/late", mustBeThere: false)
            append("lost\n", to: late)
            let second = try Receiver("\(folder)/late")
            append("three\n", to: late)
            #expect(second.text()?.contains("MESSAGE=1 lines") == true)
            #expect(second.text() == "PRIORITY=6\nMESSAGE=three\n")
        }
    }
}
