internal import ImageStore
internal import OCISpec

/// What repositories have settings of their own for; the configuration's rules hold for the others.
extension RegistryResponder {
    /// Whether a tag of a repository stands for the same manifest for ever.
    func keeps(_ manifest: ManifestName, in repository: RepositoryName) -> Bool {
        guard case .tag(let tag) = manifest else { return false }
        return settings(of: repository).keeps(tag: tag, configured: configuration.rule(of: repository).keepsTags)
    }

    /// Settings that cannot be read count as the strictest.
    func settings(of repository: RepositoryName) -> RepositorySettings {
        do {
            return try store.settings(of: repository)
        } catch {
            notice("cannot read the settings of \(repository): \(error)")
            return RepositorySettings(visibility: .private, tagMutability: .immutable)
        }
    }

    /// Writes down that a manifest was pulled; a pull does not fail because that does.
    func recordPull(of digest: Digest, in repository: RepositoryName) {
        do {
            try store.recordPull(of: digest, in: repository)
        } catch {
            notice("cannot write down a pull from \(repository): \(error)")
        }
    }
}
