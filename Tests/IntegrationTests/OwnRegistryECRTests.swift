import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// Amazon ECR's API at `nestboxd`, asked by the AWS command line.
    @Suite(.enabled(if: OwnRegistry.isInstalled && AWSCommandLine.path != nil, "needs skopeo, curl and aws"))
    struct OwnRegistryECR {
        private static let policy = """
            {"rules": [{"rulePriority": 5, "description": "one image without a tag is enough",
              "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1},
              "action": {"type": "expire"}}]}
            """

        private func with(
            settings: String? = nil, _ body: (OwnRegistry, AWSCommandLine, TestEngine) throws -> Void
        ) throws {
            try TestEngine.with(image: nil) { engine in
                for (name, text) in [
                    ("passwords", "ann:\(TestRegistry.passwords.dropFirst(5))"),
                    ("keys", "AKIDEXAMPLE:\(AWSCommandLine.secret):ann\n"),
                ] {
                    try TestRegistry.write(text, to: "\(engine.folder)/\(name)")
                }
                let settings = settings?.replacing("FOLDER", with: engine.folder)
                let registry = try OwnRegistry(for: engine, settings: settings)
                defer { registry.stop() }
                try body(registry, AWSCommandLine(engine: engine, registry: registry), engine)
            }
        }

        @Test func repositoriesAreMadeDescribedAndDeleted() throws {
            try with { registry, aws, _ in
                let made = try aws(
                    "create-repository", "--repository-name", "team/web", "--image-tag-mutability", "IMMUTABLE")
                #expect(made["repository"]?["repositoryUri"]?.stringValue == "\(registry.name)/team/web")
                #expect(made["repository"]?["imageTagMutability"] == "IMMUTABLE")
                #expect(
                    made["repository"]?["repositoryArn"]?.stringValue
                        == "arn:aws:ecr:eu-west-1:123456789012:repository/team/web")
                try aws.fails(
                    "RepositoryAlreadyExistsException", "create-repository", "--repository-name", "team/web")
                for (blob, tag, status) in [("x", "1", 201), ("yy", "1", 409)] {
                    try #expect(registry.put(artifact: blob, to: "team/web", tag: tag).status == status)
                }
                let filter = "filterType=WILDCARD,filter=dev*"
                _ = try aws(
                    "put-image-tag-mutability", "--repository-name", "team/web", "--image-tag-mutability",
                    "IMMUTABLE_WITH_EXCLUSION", "--image-tag-mutability-exclusion-filters", filter)
                for (blob, tag, status) in [("yy", "1", 409), ("x", "dev1", 201), ("yy", "dev1", 201)] {
                    try #expect(registry.put(artifact: blob, to: "team/web", tag: tag).status == status)
                }
                for number in 1...4 { _ = try aws("create-repository", "--repository-name", "r\(number)") }
                // The command line goes on at each page's end.
                let all = try aws("describe-repositories", "--page-size", "2")
                #expect(
                    all["repositories"]?.arrayValue?.compactMap { $0["repositoryName"]?.stringValue }
                        == ["r1", "r2", "r3", "r4", "team/web"])
                try aws.fails("RepositoryNotFoundException", "describe-repositories", "--repository-names", "no")
                try aws.fails("RepositoryNotEmptyException", "delete-repository", "--repository-name", "team/web")
                _ = try aws("delete-repository", "--repository-name", "team/web", "--force")
                try aws.fails("RepositoryNotFoundException", "list-images", "--repository-name", "team/web")
                try aws.fails("UnknownOperationException", "describe-registry")
                try aws.fails(
                    "InvalidParameterException", "create-repository", "--repository-name", "scanned",
                    "--image-scanning-configuration",
                    "scanOnPush=true")
            }
        }

        @Test func imagesAreListedFetchedAndDeleted() throws {
            try with { registry, aws, _ in
                for (blob, tag) in [("x", "1"), ("yy", "2"), ("yy", "latest"), ("zzz", nil)] as [(String, String?)] {
                    try registry.put(artifact: blob, to: "web", tag: tag)
                }
                let web = ["--repository-name", "web"]
                let listed = try aws(["list-images"] + web)["imageIds"]?.arrayValue ?? []
                #expect(
                    listed.count == 4
                        && listed.compactMap { $0["imageTag"]?.stringValue }.sorted() == ["1", "2", "latest"])
                let untagged = try aws(["list-images"] + web + ["--filter", "tagStatus=UNTAGGED"])
                let digest = try #require(untagged["imageIds"]?[0]?["imageDigest"]?.stringValue)
                let details = try aws(["describe-images"] + web + ["--image-ids", "imageTag=2"])["imageDetails"]?[0]
                #expect(details?["imageTags"] == ["2", "latest"] && details?["imageSizeInBytes"] == 4)
                #expect(details?["imagePushedAt"] != nil && details?["lastRecordedPullTime"] == nil)
                try aws.fails("ImageNotFoundException", ["describe-images"] + web + ["--image-ids", "imageTag=9"])
                let got = try aws(
                    ["batch-get-image"] + web + ["--image-ids", "imageTag=1", "imageTag=9", "imageDigest=bad"])
                let manifest = try #require(got["images"]?[0]?["imageManifest"]?.stringValue)
                #expect(manifest.contains("test/1") && got["images"]?.arrayValue?.count == 1)
                #expect(
                    got["failures"]?.arrayValue?.compactMap { $0["failureCode"]?.stringValue }
                        == ["ImageNotFound", "InvalidImageDigest"])
                // An image gets another tag by its manifest.
                _ = try aws(["put-image"] + web + ["--image-tag", "stable", "--image-manifest", manifest])
                try aws.fails(
                    "ImageAlreadyExistsException",
                    ["put-image"] + web + ["--image-tag", "stable", "--image-manifest", manifest])
                let both = try aws(["describe-images"] + web + ["--image-ids", "imageTag=stable"])["imageDetails"]?[0]
                #expect(both?["imageTags"] == ["1", "stable"] && both?["lastRecordedPullTime"] != nil)
                let none = "sha256:" + String(repeating: "0", count: 64)
                let unknown = String(decoding: OwnRegistry.manifest(none, 2, none, 1), as: UTF8.self)
                try aws.fails(
                    "LayersNotFoundException", ["put-image"] + web + ["--image-tag", "x", "--image-manifest", unknown])
                // One of two tags goes alone, the last one with its image.
                for (id, left) in [("imageTag=2", 3), ("imageTag=latest", 2), ("imageDigest=\(digest)", 1)] {
                    _ = try aws(["batch-delete-image"] + web + ["--image-ids", id])
                    try #expect(aws(["describe-images"] + web)["imageDetails"]?.arrayValue?.count == left, "\(id)")
                }
                _ = try aws(
                    ["update-image-storage-class"] + web + [
                        "--image-id", "imageTag=1", "--target-storage-class", "ARCHIVE",
                    ])
                try #expect(registry.call("GET", "/v2/web/manifests/1").status == 404)
                _ = try aws(
                    ["update-image-storage-class"] + web + [
                        "--image-id", "imageTag=1", "--target-storage-class", "STANDARD",
                    ])
                try #expect(registry.call("GET", "/v2/web/manifests/1").status == 200)
            }
        }

        @Test func aLifecyclePolicyIsPreviewedAndApplied() throws {
            try with { registry, aws, _ in
                for content in ["a", "bb", "ccc", "dddd"] {
                    try registry.put(artifact: content, to: "web", tag: "latest")
                }
                let web = ["--repository-name", "web"]
                try aws.fails("LifecyclePolicyNotFoundException", ["get-lifecycle-policy"] + web)
                try aws.fails("LifecyclePolicyPreviewNotFoundException", ["get-lifecycle-policy-preview"] + web)
                _ = try aws(["start-lifecycle-policy-preview"] + web + ["--lifecycle-policy-text", Self.policy])
                let preview = try aws(["get-lifecycle-policy-preview"] + web)
                #expect(preview["status"] == "COMPLETE" && preview["summary"]?["expiringImageTotalCount"] == 2)
                let results = preview["previewResults"]?.arrayValue ?? []
                #expect(
                    results.map { $0["appliedRulePriority"] } == [5, 5] && results[0]["action"]?["type"] == "EXPIRE")
                try #expect(aws(["describe-images"] + web)["imageDetails"]?.arrayValue?.count == 4)
                _ = try aws(["put-lifecycle-policy"] + web + ["--lifecycle-policy-text", Self.policy])
                let left = try aws(["describe-images"] + web)["imageDetails"]?.arrayValue ?? []
                let gone = Set(results.compactMap { $0["imageDigest"]?.stringValue })
                #expect(left.count == 2 && gone.isDisjoint(with: left.compactMap { $0["imageDigest"]?.stringValue }))
                let got = try aws(["get-lifecycle-policy"] + web)
                #expect(got["lifecyclePolicyText"]?.stringValue == Self.policy && got["lastEvaluatedAt"] != nil)
                let wrong = Self.policy.replacing("\"countNumber\": 1", with: "\"countNumber\": 0")
                let error = try aws.fails(
                    "InvalidParameterException", ["put-lifecycle-policy"] + web + ["--lifecycle-policy-text", wrong])
                #expect(
                    error.contains(
                        "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation "
                            + "failure: rules[0].selection.countNumber (rule 5): it is 0"), "\(error)")
                _ = try aws(["delete-lifecycle-policy"] + web)
                try aws.fails("LifecyclePolicyNotFoundException", ["get-lifecycle-policy"] + web)
            }
        }

        @Test func callsAreSignedAndPasswordsGivenOut() throws {
            let settings = "{\"passwords\": \"FOLDER/passwords\", \"accessKeys\": \"FOLDER/keys\"}"
            try with(settings: settings) { registry, aws, engine in
                _ = try aws("create-repository", "--repository-name", "web")
                var other = aws
                other.key = "AKIDOTHER"
                try other.fails("InvalidSignatureException", "describe-repositories")
                other.key = aws.key
                other.password = "wrong"
                try other.fails("InvalidSignatureException", "describe-repositories")
                let unsigned = try registry.call(
                    "POST", "/",
                    [
                        "-H", "X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.DescribeRepositories", "-H",
                        "Content-Type: application/x-amz-json-1.1",
                    ], body: Array("{}".utf8))
                #expect(unsigned.status == 400 && unsigned.text.contains("MissingAuthenticationToken"), "\(unsigned)")
                #expect(unsigned.headers["x-amzn-requestid"]?.isEmpty == false)
                let password = try aws.text("get-login-password").filter { $0 != "\n" }
                try #expect(registry.call("GET", "/v2/", user: "AWS:\(password)").status == 200)
                for user in ["AWS:\(password)0", "AWS:\(password.dropLast())", "AWS:x.y", "bob:\(password)"] {
                    try #expect(registry.call("GET", "/v2/", user: user).status == 401, "\(user)")
                }
                let login = try engine.asking("login", "-u", "AWS", "-p", password, registry.name)
                #expect(login.status == 0, "\(login)")
                try registry.put(artifact: "x", to: "web", tag: "1", user: "AWS:\(password)")
                try registry.skopeo(
                    "inspect", "--raw", "--tls-verify=false", "--creds", "AWS:\(password)",
                    "docker://\(registry.name)/web:1")
            }
            // With passwords and no keys nobody calls.
            try with(settings: "{\"passwords\": \"FOLDER/passwords\"}") { _, aws, _ in
                try aws.fails("AccessDeniedException", "describe-repositories")
            }
        }
    }
}
