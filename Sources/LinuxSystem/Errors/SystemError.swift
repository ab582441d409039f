/// A failed call to the kernel: what was tried, on which object, why it failed, and what to do about it.
public struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was tried, as it reads after "cannot": `open`, `mount tmpfs on`, `read`.
    public var operation: String
    /// The path, name or number that it was tried on.
    public var object: String
    /// Why it failed.
    public var errno: Errno
    /// What the reader can do, as a clause; nil where nothing useful can be said.
    public var hint: String?

    /// Describes a failed call.
    public init(_ operation: String, _ object: String, _ errno: Errno, hint: String? = nil) {
        self.operation = operation
        self.object = object
        self.errno = errno
        self.hint = hint
    }

    /// One line, for example `cannot open /x: Permission denied (EACCES); run as root`.
    public var description: String {
        "cannot \(operation) \(object): \(errno.meaning) (\(errno.symbol))" + (hint.map { "; \($0)" } ?? "")
    }
}

/// The value of a call that answers a value of zero or more, or `-errno` (the convention of `CLinux`).
///
/// Inlinable, or other modules' calls of it would ask what kind of number `Value` is.
/// - Throws: `SystemError` for a negative result.
@inlinable
@discardableResult
public func checked<Value: SignedInteger & FixedWidthInteger>(
    _ result: Value, _ operation: @autoclosure () -> String, _ object: @autoclosure () -> String,
    hint: @autoclosure () -> String? = nil
) throws(SystemError) -> Value {
    guard result < 0 else { return result }
    throw SystemError(operation(), object(), Errno(Int32(truncatingIfNeeded: -result)), hint: hint())
}

/// The value of a C library call that answers -1 and sets `errno`; interrupted calls are made again.
///
/// Inlinable as `checked` is.
/// - Throws: `SystemError` when the call failed.
@inlinable
@discardableResult
public func retrying<Value: SignedInteger & FixedWidthInteger>(
    _ operation: @autoclosure () -> String, _ object: @autoclosure () -> String, _ call: () -> Value
) throws(SystemError) -> Value {
    while true {
        let result = call()
        if result >= 0 { return result }
        let errno = Errno.current
        if errno == .interrupted { continue }
        throw SystemError(operation(), object(), errno)
    }
}
