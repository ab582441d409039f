import Foundation
import Nestbox

@main struct CIRunner {
    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 3 else {
            show("usage: CIRunner STEPS.json WORKSPACE")
            exit(2)
        }
        do {
            let steps = try JSONDecoder().decode([Step].self, from: Data(contentsOf: URL(filePath: arguments[1])))
            let workspace = URL(filePath: arguments[2]).standardizedFileURL.path
            let runner = StepRunner(
                engine: try Engine(configuration: .fromEnvironment),
                workspace: workspace.count > 1 && workspace.hasSuffix("/") ? String(workspace.dropLast()) : workspace)
            exit(try await runAll(steps, runner) ? 0 : 1)
        } catch {
            show("error: \(error)")
            exit(2)
        }
    }

    /// Runs steps up to the first failure that counts; true when there was none.
    private static func runAll(_ steps: [Step], _ runner: StepRunner) async throws -> Bool {
        for step in steps {
            show("== \(step.name)")
            let outcome = try await runner.run(step)
            show("== \(step.name) \(outcome)")
            if outcome.isFailure, step.continueOnError != true { return false }
        }
        return true
    }
}

/// Prints a line at once, also into a pipe.
func show(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}
