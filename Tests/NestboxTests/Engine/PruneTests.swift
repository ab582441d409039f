import LinuxSystem
import OCIRuntime
import OCISpec
import Testing

@testable import Nestbox

/// What `prune` takes, by its filters, and what it leaves alone.
@Suite struct PruneTests {
    @Test func filtersAreReadAndHold() throws {
        let now = try Timestamp("2026-01-02T00:00:00Z")
        let labels = ["a": "1", "b": ""]
        func holds(_ text: String, created: String? = "2026-01-01T12:00:00Z") throws -> Bool {
            let filter = try PruneFilter(parsing: text, option: "--filter", now: now)
            return filter.holds(for: labels, created: try created.map { try Timestamp($0) })
        }
        for text in [
            "label=a", "label=a=1", "label=b", "label!=c", "label!=a=2", "until=1h", "until=2026-01-01T13:00:00Z",
        ] {
            #expect(try holds(text), "\(text)")
        }
        for text in ["label=a=2", "label=c", "label!=a", "label!=a=1", "until=24h", "until=2026-01-01"] {
            #expect(try !holds(text), "\(text)")
        }
        #expect(try !holds("until=1h", created: nil))
        for text in ["label", "size=1", "until=", "until=x", "=a"] {
            #expect(throws: ConfigurationError.self, "\(text)") { try holds(text) }
        }
        #expect(throws: ConfigurationError.self) { try PruneFilter(parsing: "until=1h", option: "--filter", now: nil) }
    }

    @Test func aContainerThatIsBeingMadeOrStartedIsKept() throws {
        let folder = try TemporaryFolder()
        let engine = try folder.engine()
        let new = try engine.make(
            ContainerConfiguration(image: "x", command: ["x"]), from: try emptyImage(folder))
        // Its maker holds its lock.
        #expect(try engine.pruneContainers() == Pruning())
        new.lock.hold()
        let id = new.record.id
        #expect(StoredFile.exists(engine.paths.container(id).folder))
    }

    @Test func onlyWhatDoesNotRunIsRemoved() throws {
        let folder = try TemporaryFolder()
        let engine = try folder.engine()
        func make(_ label: String) throws -> Container {
            var configuration = ContainerConfiguration(image: "x", command: ["x"])
            configuration.labels = ["kind": label]
            return try engine.container(try engine.make(configuration, from: try emptyImage(folder)).record.id)
        }
        let (first, second) = (try make("a"), try make("b"))
        let filtered = try engine.pruneContainers(filters: [.label("kind", value: "a")])
        #expect(filtered.removed == [first.id] && filtered.failures == [])
        // One whose record cannot be read is told of, and keeps no other.
        let damaged = try make("c")
        try StoredFile.write(engine.paths.container(damaged.id).record, "{", mode: 0o600)
        var told = 0
        #expect(try engine.pruneContainers { _ in told += 1 }.removed == [second.id])
        #expect(told == 1 && StoredFile.exists(engine.paths.container(damaged.id).folder))
        #expect(throws: EngineError.self) { try engine.pruneImages(all: true) }
    }
}
