// How long a container takes from the call to its end in a process that lives long:
// launch-loop ROOT RUN-ROOT RUNTIME NUMBER BUSY-THREADS prints milliseconds, one launch a line.
internal import Nestbox

let arguments = CommandLine.arguments
guard arguments.count == 6, let number = Int(arguments[4]), let busy = Int(arguments[5]) else {
    fatalError("usage: launch-loop ROOT RUN-ROOT RUNTIME NUMBER BUSY-THREADS")
}

BusyThreads.start(busy)
let engine = try Engine(
    configuration: EngineConfiguration(root: arguments[1], runRoot: arguments[2], runtime: arguments[3]))
var configuration = ContainerConfiguration(image: "busybox", command: ["/bin/true"])
configuration.network = .none
// As in the C program.
configuration.log.driver = .none
for _ in 0..<number {
    let start = ContinuousClock.now
    let result = try await engine.run(configuration)
    let time = (ContinuousClock.now - start).components
    precondition(result.status.isSuccess)
    print(Double(time.seconds) * 1e3 + Double(time.attoseconds) / 1e15)
}
