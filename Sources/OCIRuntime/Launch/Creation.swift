internal import CLinux
internal import LinuxSystem
internal import OCISpec

/// What OCI's `create` adds to a start: the process waits for it, hooks run on the way, and it outlives who made it.
struct Creation {
    /// Where the process waits for its start; nil: it does not.
    var gate: Int32?
    /// Where it writes why its start failed, or -1.
    var failure: Int32 = -1
    /// How many inherited descriptors from 3 up the program keeps.
    var preservedDescriptors: Int32 = 0
    var hasOwnKeyring = true
    /// The state that hooks read, but for the pid between its two parts.
    var hookState = HookState()
    /// What this process does while the container's process carries out its steps.
    var meanwhile: (Launch) throws(LaunchError) -> Void = { _ in }
    /// What it does while that one waits, before it changes its root and at the very end.
    var atBarrier: (Launch) throws(LaunchError) -> Void = { _ in }
    var lettingGo: (Launch) throws(LaunchError) -> Void = { _ in }

    /// The state in the two phases in which hooks of the container's namespaces run.
    struct HookState {
        var creating: (head: String, tail: String) = ("", "")
        var created: (head: String, tail: String) = ("", "")
    }

    /// The first hooks in the container's namespaces: its root is still the host's.
    func addCreateContainerHooks(_ hooks: RuntimeSpecification.Hooks?, to list: inout StepList) throws(LaunchError) {
        try add(hooks?.createContainer ?? [], "createContainer", hookState.creating, to: &list)
    }

    /// The end of `create` and the beginning of `start`.
    func addStart(_ hooks: RuntimeSpecification.Hooks?, to list: inout StepList) throws(LaunchError) {
        for number in 3..<(3 + preservedDescriptors) {
            list.add(NB_STEP_DESCRIPTOR, fd: number, value: UInt64(number), "keep descriptor \(number)")
        }
        list.add(NB_STEP_FIND_PROGRAM, "find the program")
        list.add(NB_STEP_LET_GO, "let the runtime go")
        guard let gate else { return }
        list.add(NB_STEP_AWAIT_START, fd: gate, value: UInt64(3 + preservedDescriptors), "wait for the start")
        try add(hooks?.startContainer ?? [], "startContainer", hookState.created, to: &list)
    }

    private func add(
        _ hooks: [RuntimeSpecification.Hook], _ kind: String, _ state: (head: String, tail: String),
        to list: inout StepList
    ) throws(LaunchError) {
        guard !hooks.isEmpty else { return }
        for hook in hooks { list.addHook(hook, state, "run the \(kind) hook \(hook.path)") }
    }
}

extension StepList {
    /// Adds a step that runs a hook; its output goes nowhere.
    mutating func addHook(
        _ hook: RuntimeSpecification.Hook, _ state: (head: String, tail: String), _ describe: String
    ) {
        let value = self.hook(hook, state, pid: -1, output: -1)
        add(NB_STEP_HOOK, data: [value], describe)
    }

    /// A hook in the list's memory.
    ///
    /// - Parameters:
    ///   - pid: the container's process; -1: whoever runs the hook.
    ///   - output: where its output goes, or -1: nowhere.
    mutating func hook(
        _ hook: RuntimeSpecification.Hook, _ state: (head: String, tail: String), pid: Int32, output: Int32
    ) -> nb_hook {
        nb_hook(
            path: UnsafePointer(text(hook.path)),
            arguments: UnsafePointer(strings(hook.args.isEmpty ? [hook.path] : hook.args)),
            environment: UnsafePointer(strings(hook.env)), state_head: UnsafePointer(text(state.head)),
            state_tail: UnsafePointer(text(state.tail)), timeout: hook.timeout.map { Int64($0) * 1000 } ?? -1,
            pid: pid, output: output)
    }
}
