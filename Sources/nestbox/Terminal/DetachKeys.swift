internal import Nestbox

/// The keys that leave a container running and give the terminal back: ctrl-p ctrl-q unless the user chose others.
struct DetachKeys: Equatable {
    /// The keys' codes; empty: there are none.
    let keys: [UInt8]
    private var matched = 0

    /// Docker's default.
    static let usual = DetachKeys(keys: [16, 17])

    init(keys: [UInt8]) {
        self.keys = keys
    }

    /// Parses `--detach-keys`: letters, or `ctrl-` and one of a-z @ [ \ ] ^ _, separated by commas.
    ///
    /// - Throws: `ConfigurationError`.
    init(parsing text: String, option: String) throws(ConfigurationError) {
        var keys: [UInt8] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            let bytes = Array(word.utf8)
            if bytes.count == 1, let byte = bytes.first {
                keys.append(byte)
            } else if word.hasPrefix("ctrl-"), bytes.count == 6, let byte = bytes.last,
                (0x61...0x7a).contains(byte) || [0x40, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f].contains(byte)
            {
                keys.append(byte & 0x1f)
            } else {
                throw ConfigurationError(
                    option, text, "\(HumanText.quoted(String(word))) is no key",
                    accepted: "give keys like ctrl-p,ctrl-q")
            }
        }
        self.init(keys: keys)
    }

    /// Takes what was typed.
    ///
    /// - Returns: what goes to the container now (the start of the sequence is held back), and whether it is complete.
    mutating func filter(_ typed: some Sequence<UInt8>) -> (passed: [UInt8], detached: Bool) {
        var passed: [UInt8] = []
        for byte in typed {
            guard !keys.isEmpty else {
                passed.append(byte)
                continue
            }
            if byte != keys[matched], matched > 0 {
                passed += keys[..<matched]
                matched = 0
            }
            guard byte == keys[matched] else {
                passed.append(byte)
                continue
            }
            matched += 1
            if matched == keys.count { return (passed, true) }
        }
        return (passed, false)
    }
}
