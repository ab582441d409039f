/// What went differently from what was asked, on standard error.
enum Warnings {
    static func show(_ warnings: [String]) {
        for warning in warnings { StandardError.line("warning: \(warning)") }
    }
}
