internal import LinuxSystem

/// A list of CPUs such as `0-3,7` as a bit set.
enum CPUList {
    /// CPUs beyond this do not exist on any machine (the kernel's CONFIG_NR_CPUS).
    private static let limit = 8192

    /// The bits, one for each CPU.
    ///
    /// - Throws: `LaunchError` for any other text.
    static func bits(_ text: String) throws(LaunchError) -> [UInt64] {
        var bits: [UInt64] = []
        for part in text.split(separator: ",") {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map {
                word in
                Int(word.filter { $0 != " " })
            }
            guard let first = ends[0], let last = ends[ends.count - 1], 0 <= first, first <= last,
                last < limit
            else {
                throw LaunchError(
                    "cannot use the CPUs or nodes \(text): write numbers and ranges, such as 0-3,7")
            }
            while bits.count <= last / 64 { bits.append(0) }
            for number in first...last { bits[number / 64] |= 1 << UInt64(number % 64) }
        }
        guard !bits.isEmpty else { throw LaunchError("cannot use an empty list of CPUs or nodes") }
        return bits
    }
}
