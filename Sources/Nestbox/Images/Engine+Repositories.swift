public import ImageStore

extension Engine {
    /// The repositories of the registry that `nestboxd` serves from this engine's images.
    public var repositories: RepositoryStore {
        RepositoryStore(images) { try digestsInUse() }
    }
}
