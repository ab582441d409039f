import Glibc

/// What libFuzzer calls with each input; `NESTBOX_FUZZ_ENTRY` says which parser gets it.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    guard let name = getenv("NESTBOX_FUZZ_ENTRY"), let entry = FuzzEntry(rawValue: String(cString: name)) else {
        fatalError("NESTBOX_FUZZ_ENTRY: \(FuzzEntry.allCases.map(\.rawValue).joined(separator: " "))")
    }
    do {
        try entry.check(Array(UnsafeBufferPointer(start: bytes, count: size)))
    } catch {
        fatalError("\(error)")
    }
    return 0
}
