import Glibc
import ImageStore
import LinuxSystem
import OCISpec
import Testing

struct UploadSessionTests {
    private func with(_ body: (ImageStore, Digest) throws -> Void) throws {
        let folder = try TemporaryFolder()
        try withExtendedLifetime(folder) {
            try body(ImageStore(root: "\(folder.path)/root"), try Digest(of: [1, 2, 3]))
        }
    }

    @Test func theNextOneKnowsWhereAnEarlierOneWas() throws {
        try with { store, blob in
            func begin(_ repository: String = "host/a") throws -> UploadSession? {
                try store.uploadSession(of: blob, to: repository)
            }
            do {
                let first = try #require(try begin())
                #expect(first.location == nil)
                try first.keep("https://host/long-\(String(repeating: "x", count: 300))")
                try first.keep("https://host/1")
                // One at a time.
                try #expect(begin() == nil)
            }
            try #expect(begin()?.location == "https://host/1")
            try #expect(begin("host/b")?.location == nil)
            let again = try #require(try begin())
            again.remove()
            try #expect(begin()?.location == nil)
        }
    }

    @Test func halfOfARecordIsNone() throws {
        try with { store, blob in
            try store.uploadSession(of: blob, to: "host/a")?.keep("https://host/1")
            let folder = "\(store.root)/uploads"
            let file = "\(folder)/\(try #require(try StoredFile.names(in: folder).first))"
            let whole = try FileDescriptor.open(file).readAll()
            for bytes in [
                Array(whole.dropLast(3)), [], Array("[]".utf8), Array("{\"location\":\"https://host/2\"}".utf8),
            ] {
                try FileDescriptor.open(file, O_WRONLY | O_TRUNC).writeAll(bytes)
                try #expect(store.uploadSession(of: blob, to: "host/a")?.location == nil)
            }
            // Another repository's, under this one's name.
            let other = String(decoding: whole, as: UTF8.self).replacing("host/a", with: "host/b")
            try FileDescriptor.open(file, O_WRONLY | O_TRUNC).writeAll(Array(other.utf8))
            try #expect(store.uploadSession(of: blob, to: "host/a")?.location == nil)
        }
    }

    @Test func aPruneLeavesWhatIsInUse() throws {
        try with { store, blob in
            let held = try #require(try store.uploadSession(of: blob, to: "host/a"))
            try held.keep("https://host/1")
            try store.uploadSession(of: blob, to: "host/b")?.keep("https://host/2")
            try #expect(store.removePartialLayers()?.reclaimed ?? 0 > 0)
            try #expect(StoredFile.names(in: "\(store.root)/uploads").count == 1)
            try #expect(store.uploadSession(of: blob, to: "host/b")?.location == nil)
            held.remove()
        }
    }
}
