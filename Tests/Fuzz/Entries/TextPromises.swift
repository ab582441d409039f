import OCISpec

/// What the readers of names, of header fields and of addresses promise.
enum TextPromises {
    static func reference(_ text: String) throws(FuzzFinding) {
        if let reference = try? ImageReference(text) {
            try demand(
                (try? ImageReference(reference.description)) == reference, "\(reference) is read as something else")
            try demand(
                (try? ImageReference(reference.familiar)) == reference,
                "\(reference.familiar), short for \(reference), is read as something else")
            // They become names of files and parts of addresses.
            for part in reference.path.split(separator: "/", omittingEmptySubsequences: false) {
                try demand(!part.isEmpty && part != "." && part != "..", "a path with the part '\(part)'")
            }
        }
        if let digest = try? Digest(text) {
            try demand((try? Digest(digest.description)) == digest, "\(digest) is read as something else")
            try demand(digest.hex.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }, "\(digest) is no number")
        }
        if let name = try? RepositoryName(text) {
            let parts = name.description.split(separator: "/", omittingEmptySubsequences: false)
            // `_blobs` and its kin are folders of the store.
            try demand(
                parts.allSatisfy { !$0.isEmpty && !$0.hasPrefix("_") && $0 != "." && $0 != ".." },
                "\(name) would be a path of the store's own")
        }
        if let platform = try? Platform(text) { _ = platform.runs(platform) }
        _ = try? ContainerIdentifier(text)
    }

    static func header(_ text: String) throws(FuzzFinding) {
        for challenge in AuthenticateChallenge.parse(text) {
            try demand(!challenge.scheme.isEmpty, "a challenge without a scheme")
        }
        if let bytes = Base64.decode(text) {
            try demand(Base64.decode(Base64.encode(bytes)) == bytes, "other bytes come back from base64")
        }
        for size in [0, 1, 1000, Int64.max] {
            guard let range = ByteRange(text)?.within(size) else { continue }
            try demand(range.lowerBound >= 0 && range.upperBound <= size && !range.isEmpty, "bytes \(range) of \(size)")
        }
        if let range = UploadRange(text) { try demand(range.count > 0, "a range of \(range.count) bytes") }
        for scope in TokenScope.list(text) {
            try demand(TokenScope.list(scope.description) == [scope], "\(scope) is read as something else")
            try demand(scope.covers(scope), "\(scope) does not cover itself")
        }
        let fields = FormFields(text)
        let first = fields.all("scope").first.flatMap { $0.isEmpty ? nil : $0 }
        try demand(fields["scope"] == first, "the first field of a name is not the first of all")
        if let target = PageLink.next(in: text) {
            _ = HTTPAddress(isSecure: true, host: "registry.lan", port: 443).resolving(target)
        }
        _ = RegistryHost(entered: text)
        _ = try? ProxySettings { _ in text }
    }

    static func call(_ text: String) throws(FuzzFinding) {
        if let unescaped = HTTPAddress.unescaped(HTTPAddress.escaped(text)) {
            try demand(unescaped == text, "other text comes back from its escapes")
        }
        if let address = HTTPAddress(text) {
            try demand(HTTPAddress(address.description) == address, "\(address) is read as something else")
        }
        guard let call = try? DistributionCall(path: text), let repository = call.repository else { return }
        try demand(!repository.description.contains(".."), "a call of \(repository)")
        if case .upload(_, let id) = call { try demand(!id.contains("/"), "an upload \(id)") }
    }
}
