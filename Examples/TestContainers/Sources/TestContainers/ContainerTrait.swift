public import Testing

/// Gives a test, or each test of a suite, a container: `@Test(.container("busybox", ready: .line(containing: "up")))`.
///
/// ``TestContainer/current`` is the container while the test runs.
public struct ContainerTrait: TestTrait, SuiteTrait, TestScoping {
    let image: String
    let command: [String]
    let ports: [UInt16]
    let readiness: Readiness

    /// Each test has a container of its own.
    public var isRecursive: Bool { true }

    /// Runs the test with its container around it.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // Once for each test, not for the suite around them.
        guard testCase != nil else { return try await function() }
        try await withoutActuallyEscaping(function) { function in
            try await withContainer(image: image, command: command, ports: ports, ready: readiness) { container in
                try await TestContainer.$task.withValue(container) { try await function() }
            }
        }
    }
}

extension Trait where Self == ContainerTrait {
    /// A container for the test.
    ///
    /// - Parameters:
    ///   - image: the image's name.
    ///   - command: the command; empty: the image's own.
    ///   - ports: ports that it serves; they are published on free ports of this machine.
    ///   - ready: when the test begins.
    public static func container(
        _ image: String, command: [String] = [], ports: [UInt16] = [], ready: Readiness = .started
    ) -> Self {
        ContainerTrait(image: image, command: command, ports: ports, readiness: ready)
    }
}

extension TestContainer {
    @TaskLocal static var task: TestContainer?

    /// The container of the running test.
    ///
    /// - Throws: an error when the test has no ``ContainerTrait``.
    public static var current: TestContainer {
        get throws {
            guard let task else { throw NoContainer() }
            return task
        }
    }
}

/// The test has no container.
struct NoContainer: Error, CustomStringConvertible {
    var description: String { "this test has no container; give it the trait .container(…)" }
}
