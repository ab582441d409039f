import LinuxSystem
import Glibc

@testable import Nestbox

/// A folder of a test's own, removed with all that is in it when the test is over.
final class TemporaryFolder: Sendable {
    let path: String

    init(in parent: String = "/tmp") throws {
        var template = Array("\(parent)/nbt-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw EngineError.failure("mkdtemp failed") }
        path = String(cString: made)
    }

    deinit { try? FileTree.remove(path) }

    /// An engine below the folder whose runtime does not exist: for all that needs no running container.
    func engine(runtime: String? = "/nonexistent/nestbox-runtime") throws -> Engine {
        try Engine(
            configuration: EngineConfiguration(root: path + "/root", runRoot: path + "/r", runtime: runtime))
    }

    func makeFolder(_ name: String) throws -> String {
        let folder = path + "/" + name
        try StoredFile.makeFolder(folder)
        return folder
    }

    func write(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        try StoredFile.write(file, text, mode: 0o600)
        return file
    }
}

/// An image of one empty layer, for containers that are never started.
func emptyImage(_ folder: TemporaryFolder, settings: ImageSettings = ImageSettings()) throws -> ResolvedImage {
    ResolvedImage(
        id: "sha256:" + String(repeating: "a", count: 64), settings: settings,
        layers: [try folder.makeFolder("layer")])
}

/// Runs `body` on so many threads at once and waits for all.
func concurrently(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    final class Work: Sendable {
        let index: Int
        let body: @Sendable (Int) -> Void
        init(_ index: Int, _ body: @escaping @Sendable (Int) -> Void) {
            self.index = index
            self.body = body
        }
    }
    var threads: [pthread_t] = []
    for index in 0..<count {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(index, body))
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                work.body(work.index)
                return nil
            }, work.toOpaque())
        precondition(status == 0)
        threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
}
