/// Who owns what an archive's entries become, and what else they keep.
public struct ExtractionRules: Sendable, Hashable {
    /// Who owns everything; nil: whom the archive says.
    public var owner: FileMaker?
    /// The host's ids for those of the archive.
    public var ids: IDShift
    /// Whether set-user-ID and set-group-ID bits and file capabilities are kept.
    public var keepsPrivileges: Bool

    /// Rules.
    public init(owner: FileMaker?, ids: IDShift = .none, keepsPrivileges: Bool) {
        self.owner = owner
        self.ids = ids
        self.keepsPrivileges = keepsPrivileges
    }
}
