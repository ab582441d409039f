public import OCISpec

extension SeccompProfile {
    /// Reads a profile in the form of the OCI runtime specification or in Docker's.
    ///
    /// Docker's has `archMap`, and rules with `includes` and `excludes`: those whose conditions do not hold on this
    /// machine and for `capabilities`, the container's bounding set, are left out.
    /// - Throws: `SeccompError`, naming the member that is wrong.
    public static func load(
        json bytes: [UInt8], capabilities: CapabilitySet, kernel: KernelVersion = .running()
    ) throws(SeccompError) -> RuntimeSpecification.Linux.Seccomp {
        do throws(JSONError) {
            var object = try JSONValue(parsing: bytes).object()
            let rules: [JSONValue] = try object.optional("syscalls") ?? []
            // The rules are read one by one, so that an error names the place in the file.
            object["syscalls"] = nil
            try resolveArchitectures(&object)
            var profile = try RuntimeSpecification.Linux.Seccomp(json: .object(object))
            let conditions = Conditions(capabilities: capabilities, kernel: kernel)
            for (index, rule) in rules.enumerated() {
                do throws(JSONError) {
                    let rule = try withNames(try rule.object())
                    let syscall = try RuntimeSpecification.Linux.Seccomp.Syscall(json: .object(rule))
                    if try conditions.hold(for: rule) { profile.syscalls.append(syscall) }
                } catch {
                    throw error.within(index: index).within(member: "syscalls")
                }
            }
            return profile
        } catch {
            guard error.position == nil else { throw .notJSON(reason: "\(error)") }
            throw .invalidMember(path: error.path.isEmpty ? "the profile" : error.path, reason: error.reason)
        }
    }

    /// Replaces Docker's `archMap` by the `architectures` that it has for this machine.
    private static func resolveArchitectures(_ profile: inout JSONObject) throws(JSONError) {
        guard let map: [JSONValue] = try profile.optional("archMap") else { return }
        profile["archMap"] = nil
        guard !map.isEmpty else { return }
        guard try profile.optional("architectures", as: [JSONValue].self)?.isEmpty ?? true else {
            throw JSONError("stands beside architectures; remove one of them", path: "archMap")
        }
        for (index, entry) in map.enumerated() {
            do throws(JSONError) {
                let entry = try entry.object()
                let architecture = try entry.required("architecture", as: String.self)
                let others: [String] = try entry.optional("subArchitectures") ?? []
                if architecture == SeccompArchitecture.native.rawValue {
                    profile["architectures"] = ([architecture] + others).json
                }
            } catch {
                throw error.within(index: index).within(member: "archMap")
            }
        }
    }

    /// The rule with `names`, where Docker's older form has a single `name`.
    private static func withNames(_ rule: JSONObject) throws(JSONError) -> JSONObject {
        guard let name = try rule.nonEmpty("name") else { return rule }
        var rule = rule
        guard try rule.optional("names", as: [String].self)?.isEmpty ?? true else {
            throw JSONError("stands beside names; remove one of them", path: "name")
        }
        rule["names"] = [.string(name)]
        return rule
    }

    /// What Docker's `includes` and `excludes` are compared with.
    private struct Conditions {
        var capabilities: CapabilitySet
        var kernel: KernelVersion

        /// Whether a rule counts: all that it includes is there, nothing that it excludes is.
        func hold(for rule: JSONObject) throws(JSONError) -> Bool {
            let includes = try Filter(rule, "includes")
            let excludes = try Filter(rule, "excludes")
            if let minimum = includes.minKernel, kernel < minimum { return false }
            if let minimum = excludes.minKernel, kernel >= minimum { return false }
            let native = SeccompArchitecture.nativeDockerName
            if !includes.arches.isEmpty, !includes.arches.contains(native) { return false }
            if excludes.arches.contains(native) { return false }
            return includes.caps.subtracting(capabilities).isEmpty && excludes.caps.intersection(capabilities).isEmpty
        }
    }

    /// The value of `includes` or `excludes`.
    private struct Filter {
        var arches: [String] = []
        var caps = CapabilitySet.none
        var minKernel: KernelVersion?

        init(_ rule: JSONObject, _ member: String) throws(JSONError) {
            guard let value: JSONValue = try rule.optional(member) else { return }
            do throws(JSONError) {
                let object = try value.object()
                arches = try object.optional("arches") ?? []
                for (index, name) in (try object.optional("caps", as: [String].self) ?? []).enumerated() {
                    do throws(CapabilityError) {
                        caps.insert(try Capability(name: name))
                    } catch {
                        throw JSONError("\(error)").within(index: index).within(member: "caps")
                    }
                }
                if let text = try object.nonEmpty("minKernel") {
                    guard let version = KernelVersion(text) else {
                        throw JSONError("\(JSONError.quoted(text)) is no kernel version such as 4.8", path: "minKernel")
                    }
                    minKernel = version
                }
            } catch {
                throw error.within(member: member)
            }
        }
    }
}
