extension String {
    /// The number in decimal digits.
    ///
    /// `description` gives the same from parts of the standard library that a start uses nothing else of: 128 KiB of memory.
    public init(decimal value: Int) {
        self = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = value.magnitude
            var first = digits.count
            repeat {
                first -= 1
                digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if value < 0 {
                first -= 1
                digits[first] = UInt8(ascii: "-")
            }
            return String(decoding: UnsafeBufferPointer(rebasing: digits[first...]), as: UTF8.self)
        }
    }
}

extension DefaultStringInterpolation {
    /// The number in decimal digits, by `String(decimal:)`; it must not be above `Int.max`.
    @inlinable
    public mutating func appendInterpolation(decimal value: some FixedWidthInteger) {
        appendLiteral(String(decimal: Int(value)))
    }
}
