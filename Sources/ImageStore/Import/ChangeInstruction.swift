public import OCISpec

/// A change to an image's configuration, in the form of a Dockerfile's line: `CMD ["/bin/sh"]`, `ENV A=1 B="2 3"`.
public struct ChangeInstruction: Sendable, Hashable {
    private enum Change: Hashable {
        case command([String])
        case entrypoint([String])
        case environment([[String]])
        case workingDirectory(String)
        case user(String)
        case exposedPorts([String])
        case volumes([String])
        case labels([[String]])
        case stopSignal(String)
    }

    private let change: Change

    /// Reads one line.
    ///
    /// Known are `CMD`, `ENTRYPOINT`, `ENV`, `EXPOSE`, `LABEL`, `STOPSIGNAL`, `USER`, `VOLUME` and `WORKDIR`, in any
    /// case. Variables are not replaced.
    /// - Throws: `ImageStoreError.change`.
    public init(_ line: String) throws(ImageStoreError) {
        let trimmed = line.drop(while: \.isWhitespace)
        let keyword = trimmed.prefix { !$0.isWhitespace }
        var text = trimmed.dropFirst(keyword.count).drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        let rest = String(text)
        func fault(_ reason: String) -> ImageStoreError { .change(line, reason: reason) }
        func words() throws(ImageStoreError) -> [String] {
            guard let words = Self.words(rest) else { throw fault("a quote is not closed") }
            return words
        }
        guard !rest.isEmpty else { throw fault("it says nothing") }
        switch keyword.uppercased() {
        case "CMD": change = .command(Self.command(rest))
        case "ENTRYPOINT": change = .entrypoint(Self.command(rest))
        case "ENV":
            guard let pairs = Self.pairs(rest, try words()) else { throw fault("expected NAME=VALUE") }
            change = .environment(pairs)
        case "LABEL":
            guard let pairs = Self.pairs(rest, try words()) else { throw fault("expected NAME=VALUE") }
            change = .labels(pairs)
        case "WORKDIR": change = .workingDirectory(rest)
        case "USER":
            guard !rest.contains(where: \.isWhitespace) else { throw fault("expected USER[:GROUP]") }
            change = .user(rest)
        case "STOPSIGNAL":
            guard !rest.contains(where: \.isWhitespace) else { throw fault("expected one signal") }
            change = .stopSignal(rest)
        case "EXPOSE":
            var all: [String] = []
            for word in try words() {
                guard let ports = Self.ports(word) else {
                    throw fault("\(word.quoted) is no port such as 80 or 53/udp")
                }
                all += ports
            }
            change = .exposedPorts(all)
        case "VOLUME":
            var volumes = Self.list(rest) ?? []
            if volumes.isEmpty { volumes = try words() }
            guard !volumes.contains(where: \.isEmpty) else { throw fault("a volume has no path") }
            change = .volumes(volumes)
        default:
            throw fault(
                "expected CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR at its start")
        }
    }

    /// Makes the change.
    public func apply(to config: inout ImageConfiguration.Config) {
        switch change {
        case .command(let words): config.cmd = words
        case .entrypoint(let words): config.entrypoint = words
        case .environment(let pairs):
            for pair in pairs {
                config.env.removeAll { $0.hasPrefix("\(pair[0])=") }
                config.env.append("\(pair[0])=\(pair[1])")
            }
        case .workingDirectory(let path):
            let base = config.workingDir ?? "/"
            config.workingDir = path.hasPrefix("/") ? path : base + (base.hasSuffix("/") ? "" : "/") + path
        case .user(let user): config.user = user
        case .exposedPorts(let ports): config.exposedPorts = Set(config.exposedPorts + ports).sorted()
        case .volumes(let paths): config.volumes = Set(config.volumes + paths).sorted()
        case .labels(let pairs): for pair in pairs { config.labels[pair[0]] = pair[1] }
        case .stopSignal(let signal): config.stopSignal = signal
        }
    }

    /// The exec form is a list in JSON; anything else is the shell form.
    private static func command(_ text: String) -> [String] {
        list(text) ?? ["/bin/sh", "-c", text]
    }

    private static func list(_ text: String) -> [String]? {
        text.hasPrefix("[") ? try? [String](jsonBytes: Array(text.utf8)) : nil
    }

    /// `A=1 B=2`, or `A the rest` in the old form.
    private static func pairs(_ text: String, _ words: [String]) -> [[String]]? {
        guard let first = words.first else { return nil }
        guard first.contains("=") else {
            let name = text.prefix { !$0.isWhitespace }
            let value = text.dropFirst(name.count).drop(while: \.isWhitespace)
            return value.isEmpty ? nil : [[String(name), String(value)]]
        }
        var pairs: [[String]] = []
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty else { return nil }
            pairs.append(parts)
        }
        return pairs
    }

    /// `80`, `53/udp`, `8000-8002/tcp`, each port with its protocol.
    private static func ports(_ word: String) -> [String]? {
        let parts = word.split(separator: "/", omittingEmptySubsequences: false)
        let kind = parts.count == 2 ? parts[1].lowercased() : "tcp"
        guard parts.count <= 2, ["tcp", "udp", "sctp"].contains(kind) else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil, first > 0, first <= last
        else { return nil }
        return (first...last).map { "\($0)/\(kind)" }
    }

    /// Words as a shell sees them: quotes group, a backslash takes the next character as it is.
    ///
    /// Nil for an open quote.
    private static func words(_ text: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var escaped = false
        for character in text {
            if escaped {
                // Inside double quotes a backslash only matters before what it could protect.
                if quote == "\"", character != "\"", character != "\\", character != "$" { word = (word ?? "") + "\\" }
                word = (word ?? "") + String(character)
                escaped = false
            } else if character == "\\", quote != "'" {
                escaped = true
            } else if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if character.isWhitespace {
                if let done = word { words.append(done) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil, !escaped else { return nil }
        if let word { words.append(word) }
        return words
    }
}
