import Nestbox

/// How a step ended.
enum Outcome: Sendable, CustomStringConvertible {
    case passed
    case failed(Int32)
    case outOfMemory
    case timedOut(seconds: Double)

    var description: String {
        switch self {
        case .passed: "passed"
        case .failed(let code): "failed with exit code \(code)"
        case .outOfMemory: "failed: it needed more memory than its limit"
        case .timedOut(let seconds): "failed: it took longer than \(seconds) s"
        }
    }

    var isFailure: Bool {
        if case .passed = self { false } else { true }
    }
}

/// Runs steps in containers.
struct StepRunner: Sendable {
    let engine: Engine
    let workspace: String

    /// Runs a step, and ends it when its time is over.
    ///
    /// Whichever task is first cancels the other: the container's, and then nothing of the container is left, or the clock's.
    func run(_ step: Step) async throws -> Outcome {
        guard let timeout = step.timeout else { return try await runToItsEnd(step) }
        return try await withThrowingTaskGroup(of: Outcome?.self) { group in
            group.addTask { try await runToItsEnd(step) }
            group.addTask {
                try await Task.sleep(for: .seconds(timeout))
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next().flatMap(\.self) ?? .timedOut(seconds: timeout)
        }
    }

    private func runToItsEnd(_ step: Step) async throws -> Outcome {
        let configuration = try step.configuration(workspace: workspace)
        let status = try await engine.withContainer(configuration) { container in
            for try await line in container.lines {
                show("\(step.name) \(line.stream == .error ? "!" : "|") \(line.text)")
            }
            return try await container.wait()
        }
        if status.isOutOfMemory { return .outOfMemory }
        return status.isSuccess ? .passed : .failed(status.code)
    }
}
