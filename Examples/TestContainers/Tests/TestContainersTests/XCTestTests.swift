import TestContainers
import XCTest

final class XCTestTests: XCTestCase {
    func testAContainerInXCTest() async throws {
        try await withContainer(image: "busybox", command: ["sleep", "1000"]) { container in
            let result = try await container.run("echo", "hi")
            XCTAssertEqual(result.output, "hi\n")
        }
    }
}
