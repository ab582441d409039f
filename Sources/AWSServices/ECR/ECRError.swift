internal import ImageStore
internal import OCISpec

/// What ECR calls the failures of repositories.
enum ECRError {
    static func noRepository(_ name: String) -> AWSError {
        AWSError(
            "RepositoryNotFoundException",
            "The repository with name '\(name)' does not exist in the registry with id '\(AWSServices.account)'")
    }

    static func of(_ error: RepositoryError) -> AWSError {
        let text = error.description
        return switch error {
        case .noRepository(let name): noRepository(name.description)
        case .repositoryExists(let name):
            AWSError(
                "RepositoryAlreadyExistsException",
                "The repository with name '\(name)' already exists in the registry with id '\(AWSServices.account)'")
        case .notEmpty(let name, _):
            AWSError(
                "RepositoryNotEmptyException",
                "The repository with name '\(name)' in registry with id '\(AWSServices.account)' cannot be deleted because it "
                    + "still contains images")
        case .noLifecyclePolicy(let name):
            AWSError(
                "LifecyclePolicyNotFoundException",
                "Lifecycle policy does not exist for the repository with name '\(name)' in the registry with id "
                    + "'\(AWSServices.account)'")
        case .noManifest, .archived: AWSError("ImageNotFoundException", text)
        case .missingPart: AWSError("LayersNotFoundException", text)
        case .tagExists: AWSError("ImageTagAlreadyExistsException", text)
        case .digestMismatch: AWSError("ImageDigestDoesNotMatchException", text)
        case .noBlob, .noUpload, .uploadBusy, .unsupportedDigest, .manifest, .blobInUse:
            AWSError.invalidParameter(text)
        }
    }
}
