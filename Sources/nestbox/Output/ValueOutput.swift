internal import Nestbox
internal import OCISpec

/// One value, for a person or as `--format` says.
enum ValueOutput {
    /// Writes a value.
    ///
    /// - Throws: `TemplateError`, `SystemError`.
    static func write(_ value: JSONValue, format: String?) throws {
        guard let format, !format.isEmpty else { return try StandardOutput.write(text(of: value)) }
        let template = try Template(parsing: format == "json" ? "{{json .}}" : format)
        try StandardOutput.line(try template.render(value))
    }

    /// An object's members, one a line, with lists below their names; without the objects in it.
    static func text(of value: JSONValue) -> String {
        var result = ""
        for (name, member) in value.objectValue?.members ?? [] {
            if case .array(let elements) = member {
                if elements.isEmpty { continue }
                result += "\(title(name)):\n" + elements.map { "  \(text($0))\n" }.joined()
            } else if case .object = member {
                continue
            } else if name == "MemTotal", let bytes = member.integerValue {
                result += "\(title(name)): \(HumanText.size(bytes))\n"
            } else {
                result += "\(title(name)): \(text(member))\n"
            }
        }
        return result
    }

    private static func text(_ value: JSONValue) -> String {
        HumanText.printable(value.stringValue ?? String(decoding: value.serialized(), as: UTF8.self))
    }

    /// `CgroupVersion` → `Cgroup version`, `OSType` → `OS type`.
    static func title(_ name: String) -> String {
        var words: [String] = []
        var word = ""
        let letters = Array(name)
        for (index, letter) in letters.enumerated() {
            let startsWord =
                letter.isUppercase && !word.isEmpty
                && (word.last?.isLowercase == true || (index + 1 < letters.count && letters[index + 1].isLowercase))
            if startsWord {
                words.append(word)
                word = ""
            }
            word.append(letter)
        }
        words.append(word)
        let tail = words.dropFirst().map { $0.allSatisfy(\.isUppercase) && $0.count > 1 ? $0 : $0.lowercased() }
        return ([words[0]] + tail).joined(separator: " ")
    }
}
