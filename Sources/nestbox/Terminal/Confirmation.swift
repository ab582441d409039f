/// A question before something that cannot be undone.
enum Confirmation {
    /// Asks, as Docker does, and reads the answer from standard input; only `y` means yes.
    static func isGiven(_ warning: String) throws -> Bool {
        try StandardOutput.write("WARNING! \(warning)\nAre you sure you want to continue? [y/N] ")
        let answer = readLine() ?? ""
        return answer == "y" || answer == "Y"
    }
}
