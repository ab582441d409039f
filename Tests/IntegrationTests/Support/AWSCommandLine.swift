import Glibc
import OCISpec
import Testing

/// The AWS command line, asking a registry of one's own.
struct AWSCommandLine {
    static let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

    /// Where it is; nil: it is not installed, which `pip install awscli` does.
    static let path: String? = {
        let folders = (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":").map(String.init)
        return (folders + ["/root/.pyenv/shims", "/usr/local/bin"]).map { "\($0)/aws" }.first { access($0, X_OK) == 0 }
    }()

    let engine: TestEngine
    let registry: OwnRegistry
    var key = "AKIDEXAMPLE"
    var password = Self.secret

    func run(_ arguments: [String]) throws -> CommandResult {
        let path = try #require(Self.path)
        let environment = [
            "AWS_ACCESS_KEY_ID=\(key)", "AWS_SECRET_ACCESS_KEY=\(password)", "AWS_DEFAULT_REGION=eu-west-1",
            "AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1", "AWS_PAGER=",
            "AWS_CONFIG_FILE=\(engine.folder)/none",
            "AWS_SHARED_CREDENTIALS_FILE=\(engine.folder)/none",
        ]
        return try engine.host.run(
            ["env"] + environment + [path, "--endpoint-url", "http://\(registry.name)", "--output", "json", "ecr"]
                + arguments)
    }

    /// What an operation prints.
    func text(_ arguments: String...) throws -> String {
        let result = try run(arguments)
        try #require(result.status == 0, "\(arguments): \(result)")
        return result.output
    }

    func callAsFunction(_ arguments: String...) throws -> JSONValue { try self(arguments) }

    func callAsFunction(_ arguments: [String]) throws -> JSONValue {
        let result = try run(arguments)
        try #require(result.status == 0, "\(arguments): \(result)")
        return result.output.allSatisfy(\.isWhitespace) ? nil : try JSONValue(parsing: Array(result.output.utf8))
    }

    /// An operation that has to fail with an error of this name; what it says.
    @discardableResult
    func fails(
        _ error: String, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        try fails(error, arguments, sourceLocation: sourceLocation)
    }

    @discardableResult
    func fails(
        _ error: String, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let result = try run(arguments)
        #expect(
            result.status != 0 && result.error.contains("(\(error))"), "\(arguments): \(result)",
            sourceLocation: sourceLocation)
        return result.error
    }
}
