extension ImageIndex {
    /// The manifests that a machine of that platform can use, the best first.
    ///
    /// Those for the highest variant come first, those that do not say what they are for come last; otherwise the
    /// index's order counts. Attestations (platform `unknown/unknown`) are never among them.
    public func manifests(for platform: Platform) -> [Descriptor] {
        let ranked = manifests.enumerated().compactMap { place, descriptor -> (rank: Int, place: Int)? in
            guard let image = descriptor.platform else { return (-1, place) }
            return platform.rank(of: image).map { ($0, place) }
        }
        return ranked.sorted { ($1.rank, $0.place) < ($0.rank, $1.place) }.map { manifests[$0.place] }
    }
}
