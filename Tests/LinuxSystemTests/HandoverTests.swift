import CLinux
import Glibc
import LinuxSystem
import Testing

/// Descriptors that a running process is given.
///
/// Other tests run in this process: the numbers here are higher than any that those get.
@Suite(.serialized) struct HandoverTests {
    /// Makes a file with a text, with the number wanted.
    private func file(_ text: String, number: Int32) throws {
        let file = FileDescriptor(owning: try checked(nb_memory_file("test"), "make", "a memory file"))
        try file.writeAll(Array(text.utf8))
        let moved = dup2(file.rawValue, number)
        try #require(moved == number)
    }

    private func takeText(_ number: Int32) throws -> String {
        lseek(number, 0, SEEK_SET)
        let bytes = try FileDescriptor(owning: dup(number)).readAll()
        close(number)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A pair of sockets, the second with that number.
    private func sockets(_ number: Int32) throws -> (first: Int32, second: Int32) {
        let ends = try DescriptorPair.packetSockets().release()
        let moved = dup2(ends.second, number)
        try #require(moved == number)
        close(ends.second)
        return (ends.first, number)
    }

    @Test func eachGetsItsNumberWhateverHasIt() throws {
        var ends = try sockets(700)
        defer {
            close(ends.first)
            close(ends.second)
        }
        let numbers: [Int32] = [709, 701, 705, 703]
        for number in numbers { try file("file \(number)", number: number) }
        #expect(nb_hand_over(ends.first, 7, numbers, numbers.count) == 0)
        for number in numbers { close(number) }
        // What has the number by now is somebody's who does not matter any more.
        try file("another", number: 705)
        var received = [Int32](repeating: -1, count: NB_HANDOVER_MAX)
        var mark: Int32 = 0
        #expect(nb_take_over(&ends.second, &mark, &received) == 4)
        #expect(mark == 7 && Array(received[..<4]) == numbers && ends.second > 709)
        for number in numbers {
            #expect(fcntl(number, F_GETFD) == FD_CLOEXEC)
            #expect(try takeText(number) == "file \(number)")
        }
    }

    @Test func theSocketGetsOutOfTheWay() throws {
        var ends = try sockets(720)
        defer {
            close(ends.first)
            close(ends.second)
        }
        // The sender has a file where the receiver has the socket.
        let held = dup(ends.second)
        try file("wanted", number: 720)
        #expect(nb_hand_over(ends.first, 0, [720], 1) == 0)
        let moved = dup2(held, 720)
        #expect(moved == 720)
        close(held)
        var received = [Int32](repeating: -1, count: NB_HANDOVER_MAX)
        var mark: Int32 = 1
        #expect(nb_take_over(&ends.second, &mark, &received) == 1)
        #expect(mark == 0 && received[0] == 720 && ends.second != 720)
        #expect(try takeText(720) == "wanted")
        #expect(write(ends.first, "x", 1) == 1)
        var byte: UInt8 = 0
        #expect(read(ends.second, &byte, 1) == 1 && byte == UInt8(ascii: "x"))
    }

    @Test func tooManyAndNoneAreRefusedAndTheEndIsHeard() throws {
        var ends = try sockets(740)
        let many = [Int32](repeating: 0, count: NB_HANDOVER_MAX + 1)
        #expect(nb_hand_over(ends.first, 0, many, many.count) == -EINVAL)
        #expect(nb_hand_over(ends.first, 0, many, 0) == -EINVAL)
        var numbers = [Int32](repeating: -1, count: NB_HANDOVER_MAX)
        var mark: Int32 = 0
        // Text without descriptors, and a descriptor that would be a standard stream.
        #expect(write(ends.first, "text", 4) == 4)
        #expect(nb_take_over(&ends.second, &mark, &numbers) == -EPROTO)
        #expect(nb_hand_over(ends.first, 0, [2], 1) == 0)
        #expect(nb_take_over(&ends.second, &mark, &numbers) == -EPROTO)
        close(ends.first)
        #expect(nb_take_over(&ends.second, &mark, &numbers) == 0)
        close(ends.second)
    }
}
