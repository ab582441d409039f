internal import LinuxSystem
internal import OCISpec

extension ImageStore {
    /// Looks whether everything of the store is as it should be: hashes every blob, compares each unpacked layer with what it came
    /// from, and looks whether images, names and repositories refer to what is there.
    ///
    /// Others may work on the store meanwhile; the store is locked for moments only, and what vanishes is no damage.
    ///
    /// - Parameters:
    ///   - objects: which blobs and layers to read; nil: all of them. A layer is compared too when its blob is among them.
    ///   - uses: what containers need. It is asked while the store is locked.
    /// - Throws: `SystemError` when the store cannot be read, what `uses` throws.
    public func verify(
        _ objects: Set<StoreObject>? = nil, uses: () throws -> [StoreUse] = { [] }
    ) throws -> StoreReport {
        var census = try StoreCensus(folder, uses())
        if !census.problems.isEmpty {
            // Somebody may have been at work between two looks.
            let lock = try folder.lock()
            census = try StoreCensus(folder, uses())
            _ = consume lock
        }
        var report = StoreReport()
        report.images = census.images.count
        report.repositories = census.repositories
        let unread = try checkBlobs(&census, objects, &report)
        try checkLayers(&census, objects, unread, &report)
        report.damages = census.damages
        return report
    }

    /// Hashes the blobs, the largest first, so that no thread is left with one at the end.
    ///
    /// - Returns: the blobs that nothing can be compared with.
    private func checkBlobs(
        _ census: inout StoreCensus, _ objects: Set<StoreObject>?, _ report: inout StoreReport
    ) throws -> Set<Digest> {
        let folder = folder
        let chosen = census.blobs.filter { objects?.contains(.blob($0)) ?? true }
        let sized = chosen.map { ($0, folder.size(of: StoreFolder.path(ofBlob: $0))) }
        let order = sized.sorted { ($0.1, $0.0) > ($1.1, $1.0) }.map(\.0)
        var useless: Set<Digest> = []
        for (digest, check) in zip(order, try ParallelWork.map(order) { folder.check(blob: $0) }) {
            switch check {
            case .whole(let size):
                report.blobs += 1
                report.bytes += size
            case .damaged(let problem):
                report.blobs += 1
                useless.insert(digest)
                census.note(.blob(digest), problem)
            case .vanished: useless.insert(digest)
            }
        }
        return useless
    }

    private func checkLayers(
        _ census: inout StoreCensus, _ objects: Set<StoreObject>?, _ useless: Set<Digest>, _ report: inout StoreReport
    ) throws {
        let folder = folder
        var pairs: [(diffID: Digest, record: LayerRecord, blob: Digest)] = []
        for (diffID, record) in census.layers {
            let blob = census.blob(ofLayer: diffID)
            if let objects, !objects.contains(.layer(diffID)), !(blob.map { objects.contains(.blob($0)) } ?? false) {
                continue
            }
            report.layers += 1
            guard let record else { continue }
            guard let blob, census.blobs.contains(blob), !useless.contains(blob) else {
                report.uncomparedLayers += 1
                continue
            }
            pairs.append((diffID, record, blob))
        }
        pairs.sort { ($0.record.archiveSize, $0.diffID) > ($1.record.archiveSize, $1.diffID) }
        let differences = try ParallelWork.map(pairs) {
            folder.difference(ofLayer: $0.diffID, $0.record, blob: $0.blob)
        }
        for (pair, difference) in zip(pairs, differences) {
            if let difference { census.note(.layer(pair.diffID), difference) }
        }
    }
}
