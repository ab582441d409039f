internal import CLinux
internal import LinuxSystem

/// The flat list of set-up operations that the child carries out, with the memory that it points into.
///
/// The strings and arrays live as long as the list, at fixed addresses: the child reads them while it shares the parent's
/// memory. Each step has a description for the error text.
struct StepList: ~Copyable {
    private(set) var steps: [nb_step] = []
    private(set) var descriptions: [String] = []
    private var memory: [UnsafeMutableRawPointer] = []
    /// Descriptors that steps use; closed with the list.
    private var descriptors: [Int32] = []

    deinit {
        for pointer in memory { pointer.deallocate() }
        for descriptor in descriptors { _ = FileDescriptor(owning: descriptor) }
    }

    /// Adds a step; `describe` names it in an error, as it reads after "cannot".
    @discardableResult
    mutating func add(
        _ kind: nb_step_kind, fd: Int32 = -1, mode: UInt32 = 0, flags: UInt64 = 0, value: UInt64 = 0,
        source: String? = nil, target: String? = nil, options: [MountOption] = [], _ describe: String
    ) -> Int {
        var step = nb_step()
        step.kind = Int32(bitPattern: kind.rawValue)
        step.fd = fd
        step.mode = mode
        step.flags = flags
        step.value = value
        step.source = source.map { UnsafePointer(copy($0)) }
        step.target = target.map { UnsafePointer(copy($0)) }
        if !options.isEmpty {
            let list = allocate(nb_option.self, count: options.count)
            for (index, option) in options.enumerated() {
                list[index] = nb_option(
                    name: UnsafePointer(copy(option.name)), value: option.value.map { UnsafePointer(copy($0)) })
            }
            step.options = UnsafePointer(list)
            step.option_count = options.count
        }
        steps.append(step)
        descriptions.append(describe)
        return steps.count - 1
    }

    /// Adds a step with a value that is copied into the list's memory.
    mutating func add<Value: BitwiseCopyable>(
        _ kind: nb_step_kind, data: [Value], mode: UInt32 = 0, flags: UInt64 = 0, value: UInt64 = 0, _ describe: String
    ) {
        let index = add(kind, mode: mode, flags: flags, value: value, describe)
        guard !data.isEmpty else { return }
        let copy = allocate(Value.self, count: data.count)
        copy.initialize(from: data, count: data.count)
        steps[index].data = UnsafeRawPointer(copy)
    }

    /// Gives a step its descriptor, which the list closes.
    mutating func setDescriptor(_ descriptor: consuming FileDescriptor, of step: Int) {
        let number = descriptor.release()
        descriptors.append(number)
        steps[step].fd = number
    }

    /// Keeps a descriptor open as long as the list lives, and answers its number.
    mutating func keep(_ descriptor: consuming FileDescriptor) -> Int32 {
        let number = descriptor.release()
        descriptors.append(number)
        return number
    }

    /// A NULL-terminated array of C strings, as execve(2) takes it.
    mutating func strings(_ values: [String]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        let list = allocate(UnsafeMutablePointer<CChar>?.self, count: values.count + 1)
        for (index, value) in values.enumerated() { list[index] = copy(value) }
        list[values.count] = nil
        return list
    }

    /// The steps as an array at a fixed address, made once all have been added; descriptors may still be set in it.
    mutating func frozen() -> UnsafeMutablePointer<nb_step> {
        let list = allocate(nb_step.self, count: max(steps.count, 1))
        list.initialize(from: steps, count: steps.count)
        return list
    }

    /// Whether a step of this kind is among them.
    func contains(_ kind: nb_step_kind) -> Bool {
        steps.contains { $0.kind == Int32(bitPattern: kind.rawValue) }
    }

    /// A C string that lives as long as the list.
    mutating func text(_ value: String) -> UnsafeMutablePointer<CChar> { copy(value) }

    private mutating func copy(_ text: String) -> UnsafeMutablePointer<CChar> {
        var text = text
        return text.withUTF8 { bytes in
            let pointer = allocate(CChar.self, count: bytes.count + 1)
            bytes.withMemoryRebound(to: CChar.self) { source in
                if let base = source.baseAddress { pointer.initialize(from: base, count: source.count) }
            }
            pointer[bytes.count] = 0
            return pointer
        }
    }

    private mutating func allocate<Value>(_ type: Value.Type, count: Int) -> UnsafeMutablePointer<Value> {
        let pointer = UnsafeMutablePointer<Value>.allocate(capacity: count)
        memory.append(UnsafeMutableRawPointer(pointer))
        return pointer
    }
}
