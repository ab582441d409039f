import Glibc
import LinuxSystem
import OCISpec
import Testing

@testable import ImageStore

/// Collection while others load, receive, push, take away and start: each actor is a thread with a schedule of its own.
struct CollectionTests {
    /// A schedule that a seed fixes, as far as the kernel's scheduler lets it.
    private typealias Schedule = SeededNumbers

    /// What all actors share: everything of it is on the disk.
    private struct Stage: Sendable {
        let root: String
        let archives: [String]
        let layers: [[UInt8]]
        let seed: UInt64
        let end: Double

        func store() throws -> ImageStore { try ImageStore(root: root) }
        func repositories() throws -> RepositoryStore { RepositoryStore(try store()) { [] } }
        func name(_ number: Int) throws -> ImageReference { try ImageReference("registry.test/app:\(number)") }

        /// A thread that does the same until the time is over.
        func actor(_ number: UInt64, _ step: @escaping @Sendable (inout Schedule) throws -> Void) throws -> Worker<Int>
        {
            try Worker {
                var schedule = Schedule(seed: seed &+ number &* 1_000_003)
                var count = 0
                while CollectionTests.now() < end {
                    try step(&schedule)
                    count += 1
                    usleep(UInt32(schedule.below(3000)))
                }
                return count
            }
        }
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Whether an error says no more than that somebody has removed the image meanwhile.
    private static func isAbsence(_ error: any Error) -> Bool {
        switch error as? ImageStoreError {
        case .noImage: true
        case .store(_, let reason): reason.contains("is missing")
        default: false
        }
    }

    @Test func nothingIsLostOrLeftWhateverRunsTogether() throws {
        let folder = try TemporaryFolder()
        let layers = (0..<4).map { ImageArchiveBuilder.layer("file\($0)", String(repeating: "\($0)", count: 20_000)) }
        let sets = [[0, 1], [0, 2], [1, 2, 3]]
        let archives = try sets.enumerated().map { number, set in
            try folder.write(
                "image\(number).tar",
                ImageArchiveBuilder.dockerSave(set.map { layers[$0] }, tags: ["registry.test/app:\(number)"]))
        }
        let seed = UInt64(getenv("NESTBOX_TEST_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64(time(nil)))
        let stage = Stage(
            root: folder("store"), archives: archives, layers: layers, seed: seed, end: Self.now() + 4)
        _ = try stage.store()
        let actors: [(name: String, worker: Worker<Int>)] = [
            ("load", try stage.actor(1) { try Self.load(stage, &$0) }),
            ("start", try stage.actor(2) { try Self.start(stage, &$0) }),
            ("receive", try stage.actor(3) { try Self.receive(stage, &$0) }),
            ("untag", try stage.actor(4) { try Self.untag(stage, &$0) }),
            ("push", try stage.actor(5) { try Self.push(stage, &$0) }),
            ("push", try stage.actor(6) { try Self.push(stage, &$0) }),
            ("collect", try stage.actor(7) { try Self.collect(stage, &$0) }),
            ("verify", try stage.actor(8) { _ in try Self.verify(stage) }),
        ]
        for actor in actors {
            do {
                let count = try actor.worker.join()
                #expect(count > 5, "\(actor.name) came to \(count) steps, seed \(seed)")
            } catch {
                Issue.record("\(actor.name): \(error), seed \(seed)")
            }
        }
        try Self.verify(stage)
        try Self.removeAll(stage)
        for path in ["blobs/sha256", "layers", "tmp", "partial", "registry/_new", "registry/forum/_uploads"] {
            #expect(names("\(stage.root)/\(path)") == [], "\(path), seed \(seed)")
        }
    }

    // MARK: - Images

    private static func load(_ stage: Stage, _ schedule: inout Schedule) throws {
        _ = try stage.store().load(from: .file(stage.archives[schedule.below(stage.archives.count)]))
    }

    /// What a container does that is being made: what it holds is there until it lets go.
    private static func start(_ stage: Stage, _ schedule: inout Schedule) throws {
        let store = try stage.store()
        do {
            let image = try store.image(named: stage.name(schedule.below(3)).description)
            let hold = try store.hold(image)
            usleep(UInt32(schedule.below(3000)))
            for path in try store.layerPaths(of: image) {
                try #require(names(path).contains { $0.hasPrefix("file") }, "\(path) lost its file")
            }
            withExtendedLifetime(hold) {}
        } catch  where isAbsence(error) {}
    }

    /// Receives an image as a pull does.
    private static func receive(_ stage: Stage, _ schedule: inout Schedule) throws {
        let chosen = [stage.layers[schedule.below(2)], stage.layers[2 + schedule.below(2)]]
        let configuration = try ImageArchiveBuilder.configuration(chosen, command: "/bin/\(schedule.below(2))")
        let descriptors = try chosen.map {
            Descriptor(mediaType: .layer, digest: try Digest(of: $0), size: Int64($0.count))
        }
        let manifest = ImageManifest(
            mediaType: .imageManifest,
            config: Descriptor(
                mediaType: .imageConfiguration, digest: try Digest(of: configuration), size: Int64(configuration.count)),
            layers: descriptors)
        let intake = try stage.store().receiveImage()
        for (layer, bytes) in zip(descriptors, chosen) where try !intake.hasLayer(layer, diffID: layer.digest) {
            let receiver = try intake.receive(layer)
            let rest = bytes[Int(receiver.resumedAt)...]
            // Some break off, and the next one goes on.
            if receiver.resumedAt == 0, schedule.below(4) == 0 {
                return try Array(rest.prefix(5000)).withUnsafeBytes { try receiver.write($0) }
            }
            try Array(rest).withUnsafeBytes { try receiver.write($0) }
            try receiver.finish()
        }
        do {
            _ = try intake.finish(
                manifest: manifest.jsonBytes(), configuration: configuration,
                references: [stage.name(3 + schedule.below(2))])
        } catch  where isAbsence(error) {}
    }

    private static func untag(_ stage: Stage, _ schedule: inout Schedule) throws {
        let store = try stage.store()
        do {
            let name = try stage.name(schedule.below(5))
            if schedule.below(3) == 0 {
                try store.tag(name.description, as: stage.name(schedule.below(5)))
            } else {
                try store.remove(name.description)
            }
        } catch  where isAbsence(error) {}
    }

    private static func collect(_ stage: Stage, _ schedule: inout Schedule) throws {
        let store = try stage.store()
        switch schedule.below(4) {
        case 0: try store.collectGarbage()
        case 1:
            for id in try store.folder.imageIDs() {
                _ = try store.removeUnused(id, isDangling: schedule.below(2) == 0) { [] }
            }
        case 2: _ = try store.removePartialLayers()
        default:
            // As if a day had passed for some of what nobody has named yet.
            for name in names("\(stage.root)/registry/forum/_blobs") where schedule.below(2) == 0 {
                makeOld("\(stage.root)/registry/forum/_blobs/\(name)")
            }
            try stage.repositories().removeStale()
        }
    }

    private static func makeOld(_ path: String) {
        var times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
        utimensat(AT_FDCWD, path, &times, 0)
    }

    private static func verify(_ stage: Stage) throws {
        let report = try stage.store().verify()
        try #require(report.isWhole, "\(report.damages)")
    }

    // MARK: - Repositories

    private static func push(_ stage: Stage, _ schedule: inout Schedule) throws {
        let store = try stage.repositories()
        let name = try RepositoryName("forum")
        do {
            switch schedule.below(8) {
            case 0: try store.remove(tag: "\(schedule.below(3))", from: name)
            case 1:
                try store.remove(manifest: store.manifest(.tag("\(schedule.below(3))"), in: name).digest, from: name)
            default:
                let layer = stage.layers[schedule.below(stage.layers.count)]
                let configuration = try ImageArchiveBuilder.configuration([layer])
                let parts = try [configuration, layer].map { bytes in
                    let digest = try Digest(of: bytes)
                    // As clients do: what is there, or elsewhere on the machine, is not sent.
                    if (try? store.size(of: digest, in: name)) == nil,
                        try schedule.below(2) == 0 || !store.mount(digest, from: nil, into: name)
                    {
                        let upload = try store.beginUpload(to: name)
                        try bytes.withUnsafeBytes { try upload.append($0) }
                        try upload.finish(as: digest)
                    }
                    return Descriptor(mediaType: .layer, digest: digest, size: Int64(bytes.count))
                }
                let manifest = ImageManifest(
                    mediaType: .imageManifest,
                    config: Descriptor(
                        mediaType: .imageConfiguration, digest: parts[0].digest, size: parts[0].size),
                    layers: [parts[1]])
                let tag = ManifestName.tag("\(schedule.below(3))")
                let put = try store.put(
                    manifest.jsonBytes(), mediaType: nil, as: tag, in: name, keepsTags: false)
                let digest = try Digest(of: manifest.jsonBytes())
                try #require(put.digest == digest)
            }
        } catch let error as RepositoryError {
            switch error {
            // Another pusher takes away, and the collector makes things old before their time.
            case .noManifest, .noRepository, .missingPart, .noBlob: break
            default: throw error
            }
        }
    }

    /// Takes everything away, after which nothing may be left.
    private static func removeAll(_ stage: Stage) throws {
        let (store, repositories) = (try stage.store(), try stage.repositories())
        for name in try repositories.repositories() {
            for hex in names("\(stage.root)/registry/\(name)/_manifests") {
                try repositories.remove(manifest: Digest("sha256:\(hex)"), from: name)
            }
            for hex in names("\(stage.root)/registry/\(name)/_blobs") {
                makeOld("\(stage.root)/registry/\(name)/_blobs/\(hex)")
            }
        }
        for id in try store.folder.imageIDs() { _ = try store.removeUnused(id, isDangling: false) { [] } }
        _ = try store.removePartialLayers()
        try repositories.removeStale()
        try store.collectGarbage()
    }
}
