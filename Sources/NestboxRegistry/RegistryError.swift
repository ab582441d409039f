public import OCISpec

/// Why a registry cannot be asked, or why its answer cannot be used.
///
/// One line each; what to do stands after the semicolon.
public enum RegistryError: Error, Sendable, Hashable {
    /// No connection to a host.
    case unreachable(host: String, reason: String)
    /// No connection that can be trusted.
    case untrusted(host: String, reason: String)
    /// A connection that broke, or on which nothing came any more.
    case interrupted(host: String, object: String, reason: String)
    /// The registry wants to know who asks, or does not accept who does.
    case unauthorized(host: String, object: String, reason: String)
    /// The registry refuses, by its own words.
    case denied(host: String, object: String, reason: String)
    /// The registry does not have it.
    case notFound(host: String, object: String, reason: String)
    /// Any other answer that is a failure.
    case status(host: String, object: String, code: Int, reason: String)
    /// An answer that no registry gives.
    case unexpected(host: String, object: String, reason: String)
    /// An answer longer than such an answer may be, in bytes.
    case tooLarge(host: String, object: String, limit: Int64)
    /// Content that is not what its digest says.
    case digestMismatch(object: String, expected: Digest, actual: Digest)
    /// A redirection that is not followed.
    case redirection(host: String, object: String, reason: String)
    /// A file or variable of settings that cannot be used.
    case settings(String, reason: String)
    /// A program or file that keeps passwords failed.
    case credentials(String, reason: String)
    /// An image that cannot be asked for, or not in this way.
    case request(String)

    /// Whether the registry has understood, and does not do it.
    var isRefusal: Bool {
        switch self {
        case .status(_, _, let code, _): (400..<500).contains(code)
        case .notFound: true
        default: false
        }
    }

    /// Whether asking again may help.
    var isTransient: Bool {
        if case .interrupted = self { true } else { false }
    }
}

extension RegistryError: CustomStringConvertible {
    /// One line: what failed, on what, why, what to do.
    public var description: String {
        let text =
            switch self {
            case .unreachable(let host, let reason):
                "cannot reach registry \(host): \(reason); check its name, the network and the proxy settings"
            case .untrusted(let host, let reason):
                "cannot trust registry \(host): \(reason); put its CA into /etc/docker/certs.d/\(host)/ca.crt, or list it "
                    + "under \"insecure\" in /etc/nestbox/registries.json"
            case .interrupted(let host, let object, let reason):
                "registry \(host) broke off at \(object): \(reason); try again, what has come is kept"
            case .unauthorized(let host, let object, let reason):
                "registry \(host) gives no access to \(object): \(reason); log in with 'nestbox login \(host)'"
            case .denied(let host, let object, let reason): "registry \(host) denies access to \(object): \(reason)"
            case .notFound(let host, let object, let reason):
                "registry \(host) does not have \(object): \(reason); check its name, and log in if it is private"
            case .status(let host, let object, let code, let reason):
                "registry \(host) answers \(code) for \(object): \(reason)"
            case .unexpected(let host, let object, let reason):
                "registry \(host) gives no usable answer for \(object): \(reason)"
            case .tooLarge(let host, let object, let limit):
                "registry \(host) sends more than \(limit) bytes for \(object), which is the limit"
            case .digestMismatch(let object, let expected, let actual):
                "\(object) was damaged or changed: its content is \(actual), not \(expected); fetch it again"
            case .redirection(let host, let object, let reason):
                "registry \(host) redirects \(object) and is not followed: \(reason)"
            case .settings(let name, let reason): "cannot use \(name): \(reason)"
            case .credentials(let name, let reason): "cannot get credentials from \(name): \(reason)"
            case .request(let reason): reason
            }
        return text.shownSafely
    }
}

extension String {
    /// The text on one line, without control characters, and not longer than a message bears: a server chose parts of it.
    var shownSafely: String {
        var result = ""
        for scalar in unicodeScalars.prefix(600) {
            result += scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return unicodeScalars.count > 600 ? result + "…" : result
    }

    /// The first part of a text that a server chose, for use in an error.
    var excerpt: String {
        let start = String(unicodeScalars.prefix(120).map(Character.init))
        return unicodeScalars.count > 120 ? start + "…" : start
    }
}
