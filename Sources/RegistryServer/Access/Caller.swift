internal import OCISpec

/// Who makes a call, and how far what was shown reaches.
struct Caller: Sendable {
    /// Whose password or token it was; nil: nobody's.
    var user: String?
    /// What the token allows; nil: no token was shown, and the rules alone count.
    var grants: [TokenScope]?

    /// Somebody who has shown nothing.
    static let nobody = Caller()

    /// Whether a token, if one was shown, is for this.
    func isGranted(_ scope: TokenScope) -> Bool {
        grants?.contains { $0.covers(scope) } ?? true
    }
}

extension TokenScope {
    /// All repositories, to list them.
    static let catalog = TokenScope(type: "registry", name: "catalog", actions: ["*"])

    static func repository(_ name: RepositoryName, _ actions: String...) -> TokenScope {
        TokenScope(type: "repository", name: name.description, actions: actions)
    }
}
