internal import Glibc
internal import LinuxSystem
internal import OCISpec

/// Where errors go: one line on standard error, and one in the file that `--log` names, in the form of runc's log, which
/// containerd and Podman read.
struct RuntimeLog {
    var path: String?
    var isJSON = false
    var isVerbose = false

    /// Takes the options that are about the log.
    mutating func read(_ options: Options) {
        if let given = options["log"] {
            // crun's form; its other kinds of logs are none of ours.
            path = given.dropping(prefix: "file:") ?? given
        }
        isJSON = options["log-format"] == "json"
    }

    /// Tells of a command that failed.
    func error(_ text: String) {
        write("error", text)
        tell(text)
    }

    /// Tells of what was asked for and could not be had.
    func warning(_ text: String) {
        write("warning", text)
        if path == nil { tell("warning: \(text)") }
    }

    private func tell(_ text: String) {
        // Words of a configuration, or of an image, must not steer the terminal.
        let line = "nestbox-runtime: \(text.escapedControls)\n"
        try? FileDescriptor(owning: fcntl(2, F_DUPFD_CLOEXEC, 3)).writeAll(Array(line.utf8))
    }

    private func write(_ level: String, _ text: String) {
        guard let path, !path.isEmpty else { return }
        // Whole seconds, as in runc's log.
        let time = Timestamp(seconds: WallClock.now().seconds, nanoseconds: 0)?.description ?? ""
        var line: [UInt8]
        if isJSON {
            let object: JSONValue = ["level": .string(level), "msg": .string(text), "time": .string(time)]
            line = object.serialized()
        } else {
            let quoted = String(decoding: JSONValue.string(text).serialized(), as: UTF8.self)
            line = Array("time=\"\(time)\" level=\(level) msg=\(quoted)".utf8)
        }
        line.append(UInt8(ascii: "\n"))
        try? FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o644).writeAll(line)
    }
}
