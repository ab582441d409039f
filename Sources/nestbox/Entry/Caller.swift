internal import Glibc
internal import LinuxSystem
internal import Nestbox
internal import OCISpec

/// What the command line takes from the process that started it.
enum Caller {
    /// An environment variable.
    static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// The present.
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec)) ?? .unixEpoch
    }

    /// The working directory, absolute.
    ///
    /// - Throws: `SystemError`, for example when it was removed.
    static func workingDirectory() throws(SystemError) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        guard let path = getcwd(&buffer, buffer.count) else {
            throw SystemError("read", "the working directory", .current)
        }
        return String(cString: path)
    }
}

/// Files that options name.
enum OptionFile {
    /// The text of a file of at most 1 MiB; `-` is not special.
    ///
    /// - Throws: `ConfigurationError` when it cannot be read or is no UTF-8.
    static func text(_ path: String, option: String) throws(ConfigurationError) -> String {
        let bytes: [UInt8]
        do {
            bytes = try FileDescriptor.open(path, O_RDONLY | O_NOCTTY).readAll(limit: 1 << 20)
        } catch {
            throw ConfigurationError(option, path, "the file cannot be read: \(error.errno.meaning)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError(option, path, "the file is no UTF-8 text")
        }
        return text
    }
}
