import Nestbox
import TestContainers
import Testing

/// One after the other: each looks at all containers there are.
@Suite(.serialized) struct RemovalTests {
    private func isGone(_ id: String) throws -> Bool {
        try !Engine(configuration: .fromEnvironment).list(all: true).contains { $0.id == id }
    }

    @Test func aFailedTestLeavesNoContainer() async throws {
        var id = ""
        do {
            try await withContainer(image: "busybox", command: ["sleep", "1000"]) { container in
                throw Found(id: container.handle.id)
            }
        } catch let error as Found {
            id = error.id
        }
        #expect(try !id.isEmpty && isGone(id))
    }

    @Test func aCancelledTestLeavesNoContainer() async throws {
        let (ids, continuation) = AsyncStream<String>.makeStream()
        let task = Task {
            try await withContainer(image: "busybox", command: ["sleep", "1000"]) { container in
                continuation.yield(container.handle.id)
                continuation.finish()
                try await Task.sleep(for: .seconds(1000))
            }
        }
        for await id in ids {
            task.cancel()
            _ = await task.result
            #expect(try isGone(id))
        }
    }

    @Test func whatNeverGetsReadyIsAnErrorWithItsOutput() async throws {
        let error = await #expect(throws: TestContainerError.self) {
            try await withContainer(
                image: "busybox", command: ["sh", "-c", "echo starting; exec sleep 1000"],
                ready: .line(containing: "never"), within: .milliseconds(500)
            ) { _ in }
        }
        #expect("\(String(describing: error))".contains("starting"))
    }

    @Test func whatEndsBeforeItIsReadyIsAnErrorWithItsStatus() async throws {
        let error = await #expect(throws: TestContainerError.self) {
            try await withContainer(
                image: "busybox", command: ["sh", "-c", "echo no database; exit 9"], ready: .line(containing: "never")
            ) { _ in }
        }
        #expect(error == .ended(ExitStatus(code: 9), output: ["no database"]))
    }
}

/// Carries a container's id out of a test that fails.
struct Found: Error {
    let id: String
}
