extension String {
    /// The text with control characters in a form that a terminal only shows.
    public var escapedControls: String {
        unicodeScalars.reduce(into: "") { result, scalar in
            result += scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
        }
    }
}
