extension ImageReference {
    /// The grammar of the parts, as the distribution project's reference package has it.
    enum Grammar {
        /// The longest repository path, and the longest registry.
        static let longestName = 255
        /// The longest tag.
        static let longestTag = 128

        /// What is wrong with a tag: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
        static func fault(inTag tag: Substring) -> String? {
            guard let first = tag.utf8.first else { return "it is empty" }
            guard isAlphanumeric(first) || first == UInt8(ascii: "_") else {
                return "it must start with one of A-Z a-z 0-9 _"
            }
            guard tag.utf8.count <= longestTag else { return "it has more than \(longestTag) characters" }
            guard tag.utf8.allSatisfy({ isAlphanumeric($0) || "_.-".utf8.contains($0) }) else {
                return "only A-Z a-z 0-9 _ . - are allowed"
            }
            return nil
        }

        /// What is wrong with a registry: a host name, an IPv4 address or an IPv6 address in brackets, and a port.
        static func fault(inDomain domain: String) -> String? {
            guard domain.utf8.count <= longestName else { return "it has more than \(longestName) characters" }
            var host = domain[...]
            if let colon = domain.lastIndex(of: ":"), !domain[colon...].contains("]") {
                let port = domain[domain.index(after: colon)...]
                guard !port.isEmpty, port.utf8.allSatisfy(isDigit), let number = Int(port), number <= 65535 else {
                    return "a port from 0 to 65535 must follow the colon"
                }
                host = domain[..<colon]
            }
            if host.first == "[" || host.last == "]" {
                let address = host.dropFirst().dropLast()
                let valid =
                    host.first == "[" && host.last == "]" && address.contains(":")
                    && address.utf8.allSatisfy { isHexDigit($0) || $0 == UInt8(ascii: ":") }
                return valid ? nil : "an IPv6 address must stand in brackets"
            }
            for label in host.split(separator: ".", omittingEmptySubsequences: false) {
                guard let first = label.utf8.first, let last = label.utf8.last else {
                    return "a part between the dots is empty"
                }
                guard label.utf8.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: "-") }) else {
                    return "only A-Z a-z 0-9 - . are allowed"
                }
                guard first != UInt8(ascii: "-"), last != UInt8(ascii: "-") else {
                    return "a part must not start or end with a hyphen"
                }
            }
            return nil
        }

        /// What is wrong with a repository's path: parts of a-z and 0-9, joined by one `.`, one or two `_`, or hyphens.
        static func fault(inPath path: Substring) -> String? {
            guard !path.isEmpty else { return "it is empty" }
            guard path.utf8.count <= longestName else { return "it has more than \(longestName) characters" }
            for part in path.split(separator: "/", omittingEmptySubsequences: false) {
                if let fault = fault(inPathPart: part) { return fault }
            }
            return nil
        }

        private static func fault(inPathPart part: Substring) -> String? {
            guard !part.isEmpty else { return "a part between the slashes is empty" }
            var separator: [UInt8] = []
            var started = false
            for byte in part.utf8 {
                if isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) {
                    let allowed =
                        separator.isEmpty || separator == Array(".".utf8) || separator == Array("_".utf8)
                        || separator == Array("__".utf8) || separator.allSatisfy { $0 == UInt8(ascii: "-") }
                    guard allowed else {
                        return "one dot, one or two underscores, or hyphens can join two words"
                    }
                    guard started || separator.isEmpty else { return "a part must start with one of a-z 0-9" }
                    started = true
                    separator = []
                } else if "._-".utf8.contains(byte) {
                    separator.append(byte)
                } else if (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) {
                    return "capital letters are not allowed"
                } else {
                    return "only a-z 0-9 . _ - / are allowed"
                }
            }
            guard started else { return "a part must start with one of a-z 0-9" }
            return separator.isEmpty ? nil : "a part must end with one of a-z 0-9"
        }

        private static func isDigit(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }

        private static func isHexDigit(_ byte: UInt8) -> Bool {
            isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
        }

        private static func isAlphanumeric(_ byte: UInt8) -> Bool {
            isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
    }
}
