import Glibc
import ImageStore
import LinuxSystem
import OCISpec
import Testing

/// Lifecycle policies over real repositories.
struct RepositoryLifecycleTests {
    private typealias Fixture = RepositoryFixture

    @Test func aPolicyIsKeptAsItWasWritten() throws {
        let fixture = try Fixture()
        #expect(throws: RepositoryError.noRepository(fixture.name)) { try fixture.store.lifecycle(of: fixture.name) }
        try fixture.store.create(fixture.name)
        #expect(throws: RepositoryError.noLifecyclePolicy(fixture.name)) {
            try fixture.store.applyLifecycle(to: fixture.name)
        }
        let policy = try Fixture.policy(Fixture.any, "imageCountMoreThan", 3)
        try fixture.store.put(policy, on: fixture.name)
        try #expect(fixture.store.lifecycle(of: fixture.name).text == policy.text)
        try #expect(fixture.store.lifecycle(of: fixture.name).applied == nil)
        try fixture.store.applyLifecycle(to: fixture.name)
        try #expect(fixture.store.lifecycle(of: fixture.name).applied != nil)
        let other = try Fixture.policy(Fixture.any, "imageCountMoreThan", 4)
        try fixture.store.put(other, on: fixture.name)
        try #expect(fixture.store.lifecycle(of: fixture.name).text == other.text)
        try #expect(fixture.store.lifecycle(of: fixture.name).applied == nil)
        try #expect(fixture.store.removeLifecycle(of: fixture.name).text == other.text)
        #expect(throws: RepositoryError.noLifecyclePolicy(fixture.name)) {
            try fixture.store.removeLifecycle(of: fixture.name)
        }
    }

    @Test func whatExpiresGoesWithTagsAndLayers() throws {
        let fixture = try Fixture()
        let (old, new) = (try fixture.push("old", "1", "stable"), try fixture.push("new", "2"))
        try fixture.age(old, days: 10)
        let layer = try Digest(of: Array("old".utf8))
        try fixture.store.put(try Fixture.policy(Fixture.any, "sinceImagePushed", 5), on: fixture.name)
        let preview = try fixture.store.preview(of: fixture.name)
        #expect(preview.map(\.image.digest) == [old] && preview.map(\.image.tags) == [["1", "stable"]])
        #expect(preview.map(\.rulePriority) == [7] && preview.map(\.action) == [.expire])
        // A preview changes nothing.
        try #expect(fixture.store.tags(of: fixture.name) == ["1", "2", "stable"])
        try fixture.makeStale("_blobs/\(layer.hex)")
        let run = try fixture.store.applyLifecycles()
        #expect(run.decisions[fixture.name]?.map(\.image.digest) == [old] && run.failures == [])
        try #expect(fixture.store.tags(of: fixture.name) == ["2"])
        try #expect(fixture.store.images(of: fixture.name).map(\.digest) == [new])
        #expect(!fixture.hasBlob(old) && !fixture.hasBlob(layer) && fixture.hasBlob(new))
        // What both have stays.
        try #expect(fixture.hasBlob(Digest(of: Array("{}".utf8))))
        #expect(!fixture.has("_pending"))
        try #expect(fixture.store.applyLifecycles().decisions.isEmpty)
    }

    @Test func neitherTagsNorTheSameContentRenewThePush() throws {
        let fixture = try Fixture()
        let digest = try fixture.push("x", "1")
        try fixture.age(digest, days: 10)
        let pushed = try #require(try fixture.image(digest)).pushedAt
        try fixture.push("x", "2", "1")
        try fixture.push("x")
        try #expect(fixture.image(digest)?.pushedAt == pushed)
        try #expect(fixture.image(digest)?.tags == ["1", "2"])
        // What has gone and comes again is new.
        try fixture.store.remove(manifest: digest, from: fixture.name)
        try fixture.push("x", "1")
        try #expect(#require(try fixture.image(digest)).pushedAt > pushed)
    }

    @Test func aTagThatMovesLeavesAnUntaggedImage() throws {
        let fixture = try Fixture()
        let (first, second) = (try fixture.push("a", "latest"), try fixture.push("b", "latest"))
        try #expect(fixture.store.images(of: fixture.name).map(\.tags) == [[], ["latest"]])
        try fixture.store.put(try Fixture.policy(Fixture.untagged, "sinceImagePushed", 1), on: fixture.name)
        try fixture.age(first, days: 2)
        try fixture.age(second, days: 2)
        try fixture.store.applyLifecycle(to: fixture.name)
        try #expect(fixture.store.images(of: fixture.name).map(\.digest) == [second])
    }

    @Test func imagesOfAnIndexWaitForIt() throws {
        let fixture = try Fixture()
        let children = [try fixture.push("amd64-layer"), try fixture.push("arm64")]
        let index = try fixture.push(index: children, "v1")
        for digest in children { try fixture.age(digest, days: 9) }
        try fixture.store.put(try Fixture.policy(Fixture.untagged, "sinceImagePushed", 1), on: fixture.name)
        try #expect(fixture.store.applyLifecycle(to: fixture.name) == [])
        let image = try #require(try fixture.image(index))
        // The largest of its images: the layer and the two bytes of the configuration.
        #expect(image.children == children && image.size == 13)
        // Without its tag the index is one of those, too.
        try fixture.store.remove(tag: "v1", from: fixture.name)
        try fixture.age(index, days: 8)
        try #expect(fixture.store.applyLifecycle(to: fixture.name).map(\.image.digest).count == 3)
        try #expect(fixture.store.images(of: fixture.name) == [])
    }

    @Test func aPullIsWrittenDownNowAndThen() throws {
        let fixture = try Fixture()
        let digest = try fixture.push("x", "1")
        let layer = try Digest(of: Array("x".utf8))
        try #expect(fixture.image(digest)?.lastPulledAt == nil)
        try fixture.makeStale("_blobs/\(layer.hex)")
        try fixture.store.recordPull(of: digest, in: fixture.name)
        let first = try #require(try fixture.image(digest)?.lastPulledAt)
        try fixture.store.recordPull(of: digest, in: fixture.name)
        try #expect(fixture.image(digest)?.lastPulledAt == first)
        try fixture.makeStale("_pulls/\(digest.hex)")
        try fixture.store.recordPull(of: digest, in: fixture.name)
        try #expect(#require(try fixture.image(digest)?.lastPulledAt) > first)
        // Whoever has begun to pull gets the layers, whatever becomes of the image.
        try fixture.store.remove(manifest: digest, from: fixture.name)
        try fixture.store.removeStale()
        _ = try fixture.store.open(layer, in: fixture.name)
        // What is gone is not pulled.
        try fixture.store.recordPull(of: digest, in: fixture.name)
        #expect(!fixture.has("_pulls/\(digest.hex)"))
    }

    @Test func whatIsArchivedIsKeptAndNotPulled() throws {
        let fixture = try Fixture()
        let digest = try fixture.push("x", "1")
        try fixture.age(digest, days: 40)
        let policy = try Fixture.policy(Fixture.any, "sinceImagePulled", 30, action: Fixture.archive)
        try fixture.store.put(policy, on: fixture.name)
        try #expect(fixture.store.applyLifecycle(to: fixture.name).map(\.action) == [.transition])
        try #expect(fixture.image(digest)?.archivedAt != nil)
        try #expect(fixture.store.tags(of: fixture.name) == ["1"])
        #expect(throws: RepositoryError.archived(.tag("1"))) { try fixture.store.manifest(.tag("1"), in: fixture.name) }
        try #expect(fixture.store.applyLifecycle(to: fixture.name) == [])
        // Pushed again it is back, is as old as it was, and counts as used.
        try fixture.push("x", "1")
        let image = try #require(try fixture.image(digest))
        #expect(image.archivedAt == nil && image.activatedAt != nil)
        _ = try fixture.store.manifest(.tag("1"), in: fixture.name)
        try #expect(fixture.store.applyLifecycle(to: fixture.name) == [])
        try fixture.store.move(manifest: digest, of: fixture.name, to: .archive)
        try fixture.age(digest, days: 91, "archived")
        let old = try Fixture.policy(Fixture.any + ", \"storageClass\": \"archive\"", "sinceImageTransitioned", 90)
        try fixture.store.put(old, on: fixture.name)
        try #expect(fixture.store.applyLifecycle(to: fixture.name).map(\.action) == [.expire])
        try #expect(fixture.store.images(of: fixture.name) == [])
    }

    @Test func aPushGivesUpTagsOfWhatExpiresAndKeepsItsOwn() throws {
        let fixture = try Fixture()
        let digest = try fixture.push("x", "1")
        try fixture.store.remove(manifest: digest, from: fixture.name)
        let other = try fixture.push("y", "1")
        try #expect(fixture.image(other)?.tags == ["1"])
        try #expect(fixture.store.images(of: fixture.name).count == 1)
    }

    @Test func aPolicyThatCannotBeReadStopsNoOther() throws {
        let fixture = try Fixture()
        let other = try RepositoryName("other")
        let digest = try fixture.push("x", "1", to: other)
        try fixture.store.create(fixture.name)
        let policy = try Fixture.policy(Fixture.any, "imageCountMoreThan", 1)
        for name in [fixture.name, other] { try fixture.store.put(policy, on: name) }
        let new = try fixture.push("y", "2", to: other)
        try StoredFile.write(fixture.path("_lifecycle"), "{\"text\": \"{}\"}", mode: 0o600)
        let run = try fixture.store.applyLifecycles()
        #expect(run.failures.count == 1 && run.failures[0].contains("policy of team/web: it has 2 characters"))
        #expect(run.decisions[other]?.map(\.image.digest) == [digest])
        try #expect(fixture.store.images(of: other).map(\.digest) == [new])
    }
}
