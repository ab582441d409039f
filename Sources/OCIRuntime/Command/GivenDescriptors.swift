internal import CLinux
internal import Glibc

/// The descriptors that one of the engine's roles works with, by number: inherited, or handed over later.
struct GivenDescriptors {
    /// The document that says what to do; nil: it is still to come.
    private(set) var request: Int32?
    /// The connected socket of the client that starts the process; nil: nobody is attached.
    private(set) var client: Int32?
    /// What the request names by number.
    private(set) var kept: [Int32]

    init(request: Int32?, client: Int32?, kept: [Int32]) {
        self.request = request
        self.client = client
        self.kept = kept
    }

    var all: [Int32] {
        var numbers = kept
        if let request { numbers.append(request) }
        if let client { numbers.append(client) }
        return numbers
    }

    /// How long a program that was started ahead waits for its request, in milliseconds.
    static let patience: Int32 = 30_000

    /// Waits for the engine's descriptors.
    ///
    /// - Parameter report: the socket that they come over, which may get another number.
    /// - Returns: how many there are; 0 when there is nothing to do: the engine has gone or wants nothing, or has taken too long;
    ///   -errno.
    mutating func receive(over report: inout Int32) -> Int32 {
        var entry = pollfd(fd: report, events: Int16(POLLIN), revents: 0)
        while true {
            let count = poll(&entry, 1, Self.patience)
            if count > 0 { break }
            guard count < 0, errno == EINTR else { return 0 }
        }
        var hasClient: Int32 = 0
        var numbers = [Int32](repeating: -1, count: NB_HANDOVER_MAX)
        let count = nb_take_over(&report, &hasClient, &numbers)
        guard count > 0 else { return count }
        request = numbers[0]
        var index = 1
        if hasClient != 0, count > 1 {
            client = numbers[1]
            index = 2
        }
        while index < Int(count) {
            kept.append(numbers[index])
            index += 1
        }
        return count
    }
}
