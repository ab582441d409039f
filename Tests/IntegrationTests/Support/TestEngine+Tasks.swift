import Testing

extension TestEngine {
    /// Makes a task's network and a container in it that stays until it is removed.
    func task(
        _ name: String, _ options: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> TestTask {
        let made = try run(["task-net", "create"] + options + [name])
        try #require(made.status == 0, "\(made)", sourceLocation: sourceLocation)
        let container = try container("\(name)-main", "--network", "task:\(name)", sourceLocation: sourceLocation)
        return TestTask(name: name, addresses: made.lines.map(String.init), container: container)
    }

    /// Removes tasks with their containers.
    func removeTasks(_ tasks: TestTask...) throws {
        for task in tasks {
            try #expect(self("rm", "-f", task.container.name).status == 0)
            let removed = try self("task-net", "rm", task.name)
            #expect(removed.status == 0, "\(removed)")
        }
    }
}

/// A task with one container.
struct TestTask {
    let name: String
    /// IPv4 first.
    let addresses: [String]
    let container: TestContainer

    func address(_ family: TestNetwork.Family) -> String { addresses[family == .ipv4 ? 0 : 1] }
}
