internal import Glibc
internal import LinuxSystem

/// Where a file has data: a file of exabytes that holds nothing must neither fill a disk nor take years to read.
enum FileHoles {
    /// Holes that are smaller than this altogether are not worth a map.
    private static let minimum: Int64 = 1 << 20
    /// A map has no more segments; the last one reaches to the end of the file's data.
    private static let maximumSegments = 4096

    /// The runs of data in an open file; nil when it has no holes to speak of.
    static func segments(of file: Int32, _ status: stat) -> [TarEntry.Segment]? {
        let size = Int64(status.st_size)
        guard size - Int64(status.st_blocks) * 512 >= minimum else { return nil }
        // SEEK_DATA and SEEK_HOLE of lseek(2), which the importer hides.
        let (seekData, seekHole): (Int32, Int32) = (3, 4)
        var segments: [TarEntry.Segment] = []
        var offset: Int64 = 0
        while offset < size {
            let start = Int64(lseek(file, off_t(offset), seekData))
            if start < 0 {
                // ENXIO: nothing but a hole is left. Anything else: the file system does not tell.
                guard Errno.current == Errno(ENXIO) else { return nil }
                break
            }
            if start >= size { break }
            let hole = Int64(lseek(file, off_t(start), seekHole))
            let end = hole < 0 || hole > size || segments.count == maximumSegments - 1 ? size : hole
            segments.append(TarEntry.Segment(offset: start, count: end - start))
            offset = end
        }
        // The map ends with the size of the file, so that a hole at its end is known.
        if segments.last.map({ $0.offset + $0.count }) != size {
            segments.append(TarEntry.Segment(offset: size, count: 0))
        }
        return segments
    }
}
