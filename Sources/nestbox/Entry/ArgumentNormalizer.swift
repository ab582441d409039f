internal import Nestbox

/// Rewrites Docker's spellings of flags into those that ArgumentParser takes without doubt.
///
/// `-it`, `-m512m`, `-m=512m`, `--memory 512m` and `--rm=true` all mean something to Docker's users, a value may start with
/// a dash (`--memory-swap -1`), and in `run` all that follows the image belongs to the container. It needs to know just
/// one thing about each flag: whether it takes a value.
struct ArgumentNormalizer {
    /// The flags without a value, by long name, with their letters.
    let switches: [String: Character?]
    /// Those that are on by default, and have a `--no-…` form.
    let invertible: Set<String>
    /// Whether flags may also follow the first argument that is none.
    let interspersed: Bool

    private var letters: [Character: String] {
        var result: [Character: String] = [:]
        for (name, letter) in switches { if let letter { result[letter] = name } }
        return result
    }

    /// Flags as `--name` and `--name=value`, then `--`, then the other arguments.
    ///
    /// - Throws: `UsageError` when a flag lacks its value, or a switch has one that is neither true nor false.
    func normalized(_ arguments: [String]) throws(UsageError) -> [String] {
        var flags: [String] = []
        var others: [String] = []
        var states: [String: Bool] = [:]
        let letters = letters
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                others += rest
                break
            }
            guard argument.utf8.first == UInt8(ascii: "-"), argument != "-" else {
                others.append(argument)
                if interspersed { continue }
                others += rest
                break
            }
            if argument.hasPrefix("--") {
                let parts = argument.dropFirst(2).utf8.split(
                    separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false
                ).map { String(decoding: $0, as: UTF8.self) }
                if switches[parts[0]] != nil {
                    states[parts[0]] = parts.count == 1 ? true : try truth(parts[1], of: "--\(parts[0])")
                } else if parts[0].hasPrefix("no-"), invertible.contains(String(parts[0].dropFirst(3))),
                    parts.count == 1
                {
                    states[String(parts[0].dropFirst(3))] = false
                } else if parts[0] == "help" {
                    flags.append("--help")
                } else if parts.count == 2 {
                    flags += Self.words("--\(parts[0])", parts[1])
                } else {
                    guard let value = rest.popFirst() else {
                        throw UsageError("the flag --\(parts[0]) needs a value", flag: "--\(parts[0])")
                    }
                    flags += Self.words("--\(parts[0])", value)
                }
                continue
            }
            var cluster = argument.dropFirst()
            while let letter = cluster.popFirst() {
                if let name = letters[letter] {
                    if cluster.first == "=" {
                        states[name] = try truth(String(cluster.dropFirst()), of: "-\(letter)")
                        break
                    }
                    states[name] = true
                    continue
                }
                var value = String(cluster)
                if value.isEmpty {
                    guard let next = rest.popFirst() else {
                        throw UsageError("the flag -\(letter) needs a value", flag: "-\(letter)")
                    }
                    value = next
                } else if value.first == "=" {
                    value.removeFirst()
                }
                flags += Self.words("-\(letter)", value)
                break
            }
        }
        for (name, isOn) in states.sorted(by: { $0.key < $1.key }) {
            if isOn {
                flags.append("--\(name)")
            } else if invertible.contains(name) {
                flags.append("--no-\(name)")
            }
        }
        return flags + ["--"] + others
    }

    /// A flag and its value in one word, so that the value may start with a dash.
    ///
    /// ArgumentParser takes `--name=` for a flag without a value; an empty one needs a word of its own.
    private static func words(_ flag: String, _ value: String) -> [String] {
        value.isEmpty ? [flag, ""] : ["\(flag)=\(value)"]
    }

    private func truth(_ text: String, of flag: String) throws(UsageError) -> Bool {
        do {
            return try OptionNumber.boolean(text, option: flag)
        } catch {
            throw UsageError(error.description)
        }
    }
}
