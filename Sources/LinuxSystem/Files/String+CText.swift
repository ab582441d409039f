internal import Glibc

extension String {
    /// The text up to the zero at its end, as C writes one.
    ///
    /// `String(cString:)` does the same from a part of the standard library that a start uses nothing else of: 64 KiB of memory.
    public init(cText text: UnsafePointer<CChar>) {
        self.init(decoding: UnsafeRawBufferPointer(start: text, count: strlen(text)), as: UTF8.self)
    }
}
