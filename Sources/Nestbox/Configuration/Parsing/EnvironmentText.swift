internal import OCISpec

/// `-e`, `--env-file`, `--label` and `--label-file`.
public enum EnvironmentText {
    /// One `-e`: `NAME=value` as it is; `NAME` takes the caller's value, and stays bare (which removes the image's
    /// variable) when the caller has none.
    ///
    /// - Throws: `ConfigurationError`.
    public static func variable(
        _ text: String, option: String, lookUp: (String) -> String?
    ) throws(ConfigurationError) -> String {
        let (key, _) = try NameText.keyValue(text, option: option, required: false)
        if text.utf8.contains(UInt8(ascii: "=")) { return text }
        return lookUp(key).map { "\(key)=\($0)" } ?? key
    }

    /// The entries of an `--env-file`: blank lines and lines that start with `#` are left out, and so are names without
    /// a value that the caller does not have either.
    ///
    /// - Throws: `ConfigurationError` naming the file and the line.
    public static func variables(
        inFile text: String, path: String, option: String, lookUp: (String) -> String?
    ) throws(ConfigurationError) -> [String] {
        var result: [String] = []
        for (key, value) in try entries(inFile: text, path: path, option: option) {
            if let value {
                result.append("\(key)=\(value)")
            } else if let value = lookUp(key) {
                result.append("\(key)=\(value)")
            }
        }
        return result
    }

    /// The labels of a `--label-file`: as an `--env-file`, but a name without a value is a label with an empty one.
    ///
    /// - Throws: `ConfigurationError` naming the file and the line.
    public static func labels(
        inFile text: String, path: String, option: String
    ) throws(ConfigurationError) -> [(key: String, value: String)] {
        try entries(inFile: text, path: path, option: option).map { ($0.key, $0.value ?? "") }
    }

    private static func entries(
        inFile text: String, path: String, option: String
    ) throws(ConfigurationError) -> [(key: String, value: String?)] {
        var result: [(key: String, value: String?)] = []
        var number = 0
        let body = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        for raw in body.parts(UInt8(ascii: "\n")) {
            number += 1
            var bytes = raw.utf8.drop { $0 == 0x20 || $0 == 0x09 }
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
            let line = String(Substring(bytes))
            if line.isEmpty || line.utf8.first == UInt8(ascii: "#") { continue }
            let parts = line.parts(UInt8(ascii: "="), maxSplits: 1)
            let key = parts[0]
            guard !key.isEmpty else {
                throw ConfigurationError(option, path, "line \(number) has no name before the =")
            }
            guard !key.contains(where: \.isWhitespace) else {
                throw ConfigurationError(
                    option, path, "line \(number): the name \(ConfigurationError.quoted(key)) holds white space")
            }
            guard !line.unicodeScalars.contains("\0") else {
                throw ConfigurationError(option, path, "line \(number) holds a NUL character")
            }
            result.append((key, parts.count == 2 ? parts[1] : nil))
        }
        return result
    }
}
