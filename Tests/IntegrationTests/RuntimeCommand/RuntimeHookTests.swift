import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// The hooks of a bundle, and what a command that is killed leaves behind.
    @Suite struct RuntimeHooks {
        private typealias Hook = RuntimeSpecification.Hook

        /// A shell's hook that writes its name, its mount namespace and the state into a file.
        private func recorder(_ kind: String, _ file: String) -> Hook {
            Hook(
                path: "/bin/sh",
                args: ["sh", "-c", "echo \(kind) $(readlink /proc/self/ns/mnt) $SET $(cat) >> \(file)"],
                env: ["PATH=/bin:/usr/bin", "SET=yes"])
        }

        @Test func eachRunsInItsNamespacesWithTheState() throws {
            try TestBundle.with("cat", "/seen") { bundle in
                let file = "\(bundle.folder)/seen"
                bundle.configuration.annotations = ["a": "b"]
                bundle.configuration.hooks = .init(
                    prestart: [recorder("prestart", file)], createRuntime: [recorder("createRuntime", file)],
                    createContainer: [recorder("createContainer", file)],
                    startContainer: [recorder("startContainer", "/seen")], poststart: [recorder("poststart", file)],
                    poststop: [recorder("poststop", file)])
                let run = try bundle("run", "box")
                let host = try #require(StoredFile.link("/proc/self/ns/mnt"))
                let lines = try run.lines + TestEngine.read(file).split(separator: "\n")
                let seen = try lines.map { line in
                    let parts = line.split(separator: " ", maxSplits: 3)
                    #expect(parts[2] == "yes")
                    let state = try JSONValue(parsing: Array(parts[3].utf8))
                    #expect(state["id"] == "box" && state["bundle"] == .string(bundle.folder), "\(line)")
                    #expect(state["annotations"] == ["a": "b"] && state["ociVersion"] == "1.3.0", "\(line)")
                    let place = parts[1] == host ? "host" : "container"
                    let pid = state["pid"]?.integerValue ?? -1
                    return "\(parts[0]) \(place) \(state["status"]?.stringValue ?? "") \(pid < 2 ? "\(pid)" : "pid")"
                }
                #expect(
                    seen == [
                        "startContainer container created 1", "prestart host creating pid",
                        "createRuntime host creating pid", "createContainer container creating 1",
                        "poststart host running pid", "poststop host stopped 0",
                    ])
            }
        }

        @Test func oneThatFailsEndsTheContainer() throws {
            try TestBundle.with("true") { bundle in
                let failing = Hook(path: "/bin/sh", args: ["sh", "-c", "echo oops; exit 3"])
                for (kind, hooks) in [
                    ("prestart", RuntimeSpecification.Hooks(prestart: [failing])),
                    ("createRuntime", .init(createRuntime: [failing])),
                    ("createContainer", .init(createContainer: [failing])),
                    ("startContainer", .init(startContainer: [failing])), ("poststart", .init(poststart: [failing])),
                ] {
                    bundle.configuration.hooks = hooks
                    let run = try bundle("run", "box")
                    let message = "cannot run the \(kind) hook /bin/sh: it ended with exit status 3"
                    #expect(run.status == 1 && run.error.contains(message), "\(run)")
                    #expect(bundle.leftovers() == [], "\(kind)")
                }
                bundle.configuration.hooks = .init(poststop: [failing, recorder("second", "\(bundle.folder)/seen")])
                try bundle.expect("run", "box")
                try #expect(TestEngine.read("\(bundle.folder)/seen").hasPrefix("second"))
                let slow = Hook(path: "/bin/sleep", args: ["sleep", "100"], timeout: 1)
                for hooks in [RuntimeSpecification.Hooks(createRuntime: [slow]), .init(createContainer: [slow])] {
                    bundle.configuration.hooks = hooks
                    try #expect(bundle("run", "box").error.contains("it took longer than its timeout"))
                }
            }
        }

        /// A hook that kills its parent stands for a `kill -9` at that very moment.
        @Test func aKilledCommandLeavesWhatDeleteRemoves() throws {
            try TestBundle.with("sleep", "1000") { bundle in
                let killer = Hook(path: "/bin/sh", args: ["sh", "-c", "kill -9 $PPID; sleep 1"])
                for hooks in [
                    RuntimeSpecification.Hooks(prestart: [killer]), .init(createRuntime: [killer]),
                    .init(createContainer: [killer]), .init(startContainer: [killer]), .init(poststart: [killer]),
                ] {
                    bundle.configuration.hooks = hooks
                    let create = try bundle("create", "box")
                    if create.status == 0 { _ = try bundle("start", "box") }
                    if create.status == 0, !hooks.poststart.isEmpty {
                        // The container runs, whoever started it.
                        try #expect(bundle.status("box") == "running")
                    } else if create.status == 137 {
                        try #expect(bundle.waits(for: "stopped", of: "box"))
                    }
                    bundle.configuration.hooks = nil
                    try bundle.expect("delete", "--force", "box")
                    #expect(bundle.leftovers() == [], "\(hooks)")
                }
                // A folder with nothing in it, as a killed `create` may leave it, is used again.
                mkdir("\(bundle.root)/box", 0o700)
                try #expect(bundle("state", "box").status == 1)
                try bundle.expect("run", "-d", "box")
                try bundle.expect("delete", "--force", "box")
            }
        }
    }
}
