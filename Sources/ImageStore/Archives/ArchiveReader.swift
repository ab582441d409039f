internal import CArchive
internal import Glibc

/// Reads a tar archive, or decompresses a stream, by libarchive; gzip by ISA-L.
///
/// libarchive converts the names in pax headers from UTF-8 to the charset of the thread's locale, and normalizes them on
/// the way; in the C locale every name that is not ASCII fails to convert, and then its own bytes are handed out. Those
/// are what an image means, so each reader runs in the C locale whatever the process has set.
final class ArchiveReader {
    /// What is read.
    enum Format {
        /// A tar archive in any dialect, by itself.
        case tar
        /// A tar archive, which may be inside gzip or zstd.
        case compressedTar
        /// Any bytes inside gzip or zstd.
        case compressed
    }

    private let archive: OpaquePointer
    private let feed: Feed
    private let name: String
    private let locale: locale_t?
    private var hasEntry = false

    /// Opens a reader over `source`; errors call the archive `name`.
    ///
    /// - Parameter headerLimit: how many bytes may be read on the way to the next entry.
    /// - Throws: `ImageStoreError`, or whatever the source throws.
    init(_ source: any ByteSource, format: Format, name: String, headerLimit: Int) throws {
        guard let archive = archive_read_new() else {
            throw ImageStoreError.archive(name, reason: "out of memory")
        }
        self.archive = archive
        self.name = name
        locale = newlocale(1 << LC_CTYPE, "C", nil)
        var source = source
        if format != .tar {
            // Not by libarchive's filter, which inflates with zlib.
            let peeked = try PeekedSource(source, count: ContentKind.headSize)
            source = ContentKind(peeked.peeked) == .gzip ? GzipSource(peeked, name: name) : peeked
            archive_read_support_filter_zstd(archive)
        }
        feed = Feed(source, headerLimit: headerLimit)
        if format == .compressed {
            archive_read_support_format_raw(archive)
        } else {
            archive_read_support_format_tar(archive)
        }
        archive_read_support_format_empty(archive)
        archive_read_set_read_callback(archive) { _, context, buffer in Feed.read(context, buffer) }
        archive_read_set_skip_callback(archive) { _, context, count in Feed.skip(context, count) }
        archive_read_set_callback_data(archive, Unmanaged.passUnretained(feed).toOpaque())
        try inCLocale { try check(archive_read_open1(archive)) }
    }

    deinit {
        archive_read_free(archive)
        if let locale { freelocale(locale) }
    }

    /// Goes to the next entry; nil at the end.
    ///
    /// The entry is valid until the next call.
    ///
    /// - Throws: `ImageStoreError`, or whatever the source throws.
    func nextEntry() throws -> ArchiveEntry? {
        var entry: OpaquePointer?
        // Passed over here, so that data nobody wanted does not count as a header.
        if hasEntry { try skipData() }
        hasEntry = true
        feed.startHeader()
        let code = inCLocale { archive_read_next_header(archive, &entry) }
        feed.endHeader()
        if code == ARCHIVE_EOF {
            try feed.rethrow()
            return nil
        }
        try check(code)
        guard let entry = entry.map(ArchiveEntry.init) else { return nil }
        // libarchive only warns when it gives up on too many headers before an entry; then the entry has no name.
        if code == ARCHIVE_WARN, entry.path == nil {
            throw ImageStoreError.archive(
                name, reason: "an entry has no name, or more special headers than the limit of 32")
        }
        return entry
    }

    /// The next run of the entry's data and its place in the file; nil at the end.
    ///
    /// Valid until the next call.
    ///
    /// - Throws: `ImageStoreError`, or whatever the source throws.
    func nextBlock() throws -> (bytes: UnsafeRawBufferPointer, offset: Int64)? {
        var start: UnsafeRawPointer?
        var count = 0
        var offset: la_int64_t = 0
        let code = archive_read_data_block(archive, &start, &count, &offset)
        if code == ARCHIVE_EOF { return nil }
        try check(code)
        return (UnsafeRawBufferPointer(start: start, count: count), offset)
    }

    /// Passes over what is left of the entry's data.
    ///
    /// - Throws: `ImageStoreError`, or whatever the source throws.
    func skipData() throws {
        try check(archive_read_data_skip(archive))
    }

    private func inCLocale<Value, Failure: Error>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        let previous = locale.flatMap { uselocale($0) }
        defer { if let previous { _ = uselocale(previous) } }
        return try body()
    }

    /// ARCHIVE_WARN is no fault: it says that a name is not ASCII, or that an attribute nobody uses here is odd.
    private func check(_ code: Int32) throws {
        if code == ARCHIVE_OK || code == ARCHIVE_WARN { return }
        try feed.rethrow()
        let reason = archive_error_string(archive).map { String(cString: $0) } ?? "unknown fault"
        throw ImageStoreError.archive(
            name, reason: "\(reason); it is truncated or damaged, or no tar archive (plain, gzip or zstd)")
    }
}

/// What libarchive's callbacks work on.
private final class Feed {
    private let source: any ByteSource
    private let headerLimit: Int
    private var headerBytes: Int?
    private var failure: (any Error)?

    init(_ source: any ByteSource, headerLimit: Int) {
        self.source = source
        self.headerLimit = headerLimit
    }

    func startHeader() { headerBytes = 0 }
    func endHeader() { headerBytes = nil }

    /// Throws what the source threw, if it did.
    func rethrow() throws {
        if let failure { throw failure }
    }

    static func read(_ context: UnsafeMutableRawPointer?, _ target: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
        guard let context, let target else { return -1 }
        let feed = Unmanaged<Feed>.fromOpaque(context).takeUnretainedValue()
        do {
            if let failure = feed.failure { throw failure }
            // Whole runs are counted, so a header may be read up to one run further than the limit.
            if let bytes = feed.headerBytes, bytes > feed.headerLimit {
                throw ImageStoreError.limit(.headerSize, Int64(feed.headerLimit), object: "an entry")
            }
            guard let run = try feed.source.next() else { return 0 }
            feed.headerBytes? += run.count
            target.pointee = run.baseAddress
            return run.count
        } catch {
            feed.failure = error
            return -1
        }
    }

    static func skip(_ context: UnsafeMutableRawPointer?, _ count: Int64) -> Int64 {
        guard let context else { return 0 }
        let feed = Unmanaged<Feed>.fromOpaque(context).takeUnretainedValue()
        do {
            return try feed.source.skip(count)
        } catch {
            feed.failure = error
            return 0
        }
    }
}
