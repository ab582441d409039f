internal import HTTPTypes
internal import Hummingbird
internal import ImageStore
internal import OCISpec

extension RegistryResponder {
    /// The most repositories that are listed at once, also when more are asked for.
    private static let largestCatalog = 1000

    func catalog(_ request: Request, _ caller: Caller) async throws -> Response {
        guard request.method == .get else { throw RegistryFailure.unsupportedMethod }
        let visible = try await blocking {
            try store.repositories().filter { permits(.pull, to: $0, for: caller.user) }.map(\.description)
        }
        let most = try count(request).map { min($0, Self.largestCatalog) } ?? Self.largestCatalog
        let (page, link) = page(visible, request, most, path: "/v2/_catalog")
        return Self.json(["repositories": .array(page.map { .string($0) })], link)
    }

    func tags(_ request: Request, _ name: RepositoryName) async throws -> Response {
        guard request.method == .get else { throw RegistryFailure.unsupportedMethod }
        let all = try await blocking { try store.tags(of: name) }
        // Without a number all are wanted: not every client goes on at a link.
        let (page, link) = page(all, request, try count(request) ?? .max, path: "/v2/\(name)/tags/list")
        return Self.json(["name": .string(name.description), "tags": .array(page.map { .string($0) })], link)
    }

    func referrers(_ request: Request, _ name: RepositoryName, _ digest: Digest) async throws -> Response {
        guard request.method == .get else { throw RegistryFailure.unsupportedMethod }
        var manifests = try await blocking {
            // "Not found" would mean that this registry does not know of referrers (distribution-spec, "Listing Referrers").
            store.exists(name) ? try store.referrers(of: digest, in: name) : []
        }
        var headers = HTTPFields()
        if let type = query("artifactType", request) {
            manifests = manifests.filter { $0.artifactType == type }
            headers[.filtersApplied] = "artifactType"
        }
        let index = ImageIndex(mediaType: .imageIndex, manifests: manifests)
        guard case .object(let object) = index.json else { throw RegistryFailure.unsupportedMethod }
        return Self.json(object, type: MediaType.imageIndex.rawValue, headers)
    }

    /// How many are asked for; nil: no number is given.
    private func count(_ request: Request) throws(RegistryFailure) -> Int? {
        guard let text = query("n", request) else { return nil }
        guard let count = Int(text), count >= 0 else {
            throw RegistryFailure(.badRequest, "PAGINATION_NUMBER_INVALID", "n must be a number of 0 or more")
        }
        return count
    }

    /// The part of a sorted list that is asked for, and where the next one is.
    private func page(_ all: [String], _ request: Request, _ most: Int, path: String) -> ([String], HTTPFields) {
        var rest = all[...]
        if let last = query("last", request) { rest = rest.drop { $0 <= last } }
        let page = Array(rest.prefix(most))
        guard page.count < rest.count, let last = page.last else { return (page, [:]) }
        let query = "n=\(most)&last=\(HTTPAddress.escaped(last))"
        return (page, [.link: "<\(path)?\(query)>; rel=\"next\""])
    }
}
