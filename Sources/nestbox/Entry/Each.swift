internal import LinuxSystem

/// Commands that take several names.
enum Each {
    /// Does something for every name; one that fails is told of at once and does not keep the others from their turn.
    ///
    /// - Returns: 0, or 1 when any failed.
    /// - Throws: `SystemError` when nobody reads standard output any more.
    static func of(_ names: [String], _ body: (String) throws -> Void) throws -> Int32 {
        var code: Int32 = 0
        for name in names {
            do {
                try body(name)
            } catch let error as SystemError where error.errno == .brokenPipe {
                throw error
            } catch {
                _ = CommandEntry.report(error, failureCode: 1)
                code = 1
            }
        }
        return code
    }
}
