internal import LinuxSystem

/// Where a container's output is kept besides what attached clients see of it.
enum OutputLog {
    case file(JSONFileLog)
    case journal(JournalLog)

    /// Opens what `request` asks for; nil: nothing is kept.
    ///
    /// - Parameter isRestart: a journal that is not there keeps no container from being started again.
    static func open(_ request: LaunchRequest, isRestart: Bool) throws(LaunchError) -> OutputLog? {
        do throws(SystemError) {
            if let fields = request.journalFields {
                return .journal(try JournalLog(fields: Array(fields.utf8), mustBeThere: !isRestart))
            }
            guard let path = request.logPath else { return nil }
            return .file(try JSONFileLog(path: path, limit: request.logSize.map(Int.init), files: request.logFiles))
        } catch {
            throw LaunchError(error)
        }
    }

    /// Adds output.
    func append(_ bytes: UnsafeRawBufferPointer, to stream: JSONFileLog.Stream) {
        switch self {
        case .file(let log): log.append(bytes, to: stream)
        case .journal(let log): log.append(bytes, to: stream)
        }
    }

    /// Writes what is left of lines that never ended.
    func finish() {
        switch self {
        case .file(let log): log.finish()
        case .journal(let log): log.finish()
        }
    }
}
