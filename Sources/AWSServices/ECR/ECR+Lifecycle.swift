internal import ImageStore
internal import OCISpec

extension ECR {
    func lifecycleAnswer(_ lifecycle: RepositoryLifecycle) throws -> JSONObject {
        var object: JSONObject = ["lifecyclePolicyText": .string(lifecycle.text)]
        if let applied = lifecycle.applied { object["lastEvaluatedAt"] = Self.time(applied) }
        return try named(try repository(), object)
    }

    func putLifecyclePolicy(_ notice: (String) -> Void) throws -> JSONObject {
        let name = try repository()
        let policy = try LifecyclePolicy(text: try parameter("lifecyclePolicyText"))
        try store.put(policy, on: name)
        do {
            // It is there; should it not be applied now, it is within the hour.
            try store.applyLifecycle(to: name)
            try store.removeStale()
        } catch {
            notice("cannot apply the lifecycle policy of \(name) at once: \(error)")
        }
        return try named(name, ["lifecyclePolicyText": .string(policy.text)])
    }

    func startPreview() throws -> JSONObject {
        let name = try repository()
        let text: String = try input.optional("lifecyclePolicyText") ?? store.lifecycle(of: name).text
        try store.keepPreview(of: try LifecyclePolicy(text: text), in: name)
        return try named(name, ["lifecyclePolicyText": .string(text), "status": "IN_PROGRESS"])
    }

    func preview() throws -> JSONObject {
        let name = try repository()
        guard let text = try store.previewText(in: name) else {
            throw AWSError(
                "LifecyclePolicyPreviewNotFoundException",
                "There is no lifecycle policy preview of the repository with name '\(name)'")
        }
        var decisions = try store.preview(LifecyclePolicy(text: text), of: name).sorted {
            $0.image.digest < $1.image.digest
        }
        if let ids: [JSONValue] = try input.optional("imageIds"), !ids.isEmpty {
            decisions = decisions.filter { decision in
                ids.contains { id in
                    id["imageDigest"]?.stringValue == decision.image.digest.description
                        || id["imageTag"]?.stringValue.map { decision.image.tags.contains($0) } == true
                }
            }
        }
        let words = ["TAGGED", "UNTAGGED", "ANY"]
        let tags = try word(input["filter"]?["tagStatus"]?.stringValue, "filter.tagStatus", words)
        if let tags, tags != "ANY" { decisions = decisions.filter { (tags == "UNTAGGED") == $0.image.tags.isEmpty } }
        let expiring = decisions.count { $0.action == .expire }
        var summary: JSONObject = ["expiringImageTotalCount": .integer(Int64(expiring))]
        if expiring < decisions.count {
            summary["transitioningImageTotalCounts"] = [
                ["targetStorageClass": "ARCHIVE", "imageTotalCount": .integer(Int64(decisions.count - expiring))]
            ]
        }
        let (elements, token) = try page(decisions, most: 100) { $0.image.digest.description }
        var answer: JSONObject = [
            "lifecyclePolicyText": .string(text), "status": "COMPLETE", "summary": .object(summary),
            "previewResults": .array(elements.map(Self.result)),
        ]
        answer.set("nextToken", to: token)
        return try named(name, answer)
    }

    private static func result(_ decision: LifecycleDecision) -> JSONValue {
        var action: JSONObject = ["type": .string(decision.action.rawValue.uppercased())]
        if decision.action == .transition { action["targetStorageClass"] = "ARCHIVE" }
        var object: JSONObject = [
            "imageDigest": .string(decision.image.digest.description), "imagePushedAt": time(decision.image.pushedAt),
            "action": .object(action), "appliedRulePriority": .integer(Int64(decision.rulePriority)),
            "storageClass": .string(decision.image.storageClass.rawValue.uppercased()),
        ]
        object.setUnlessEmpty("imageTags", to: decision.image.tags)
        return .object(object)
    }
}
