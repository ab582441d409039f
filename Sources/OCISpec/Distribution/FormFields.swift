/// The fields of a form or of a query (`application/x-www-form-urlencoded`).
public struct FormFields: Sendable {
    private let fields: [(name: String, value: String)]

    /// Reads the fields; one with a broken escape counts as missing.
    public init(_ text: some StringProtocol) {
        fields = text.split(separator: "&").compactMap { field in
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map { HTTPAddress.unescaped(String($0.map { $0 == "+" ? " " : $0 })) }
            guard let name = parts.first ?? nil, let value = parts.count > 1 ? parts[1] : "" else { return nil }
            return (name, value)
        }
    }

    /// The first value of that name; nil when it is missing or empty.
    public subscript(_ name: String) -> String? {
        fields.first { $0.name == name }.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    /// All values of that name, in their order.
    public func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
}
