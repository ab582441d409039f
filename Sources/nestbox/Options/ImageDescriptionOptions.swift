internal import ArgumentParser

/// What is said of an image that is made from something else.
struct ImageDescriptionOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: .init(
            "Set a part of its configuration, e.g. 'CMD [\"/bin/sh\"]' or 'ENV A=b'. May be repeated.",
            valueName: "instruction"))
    var change: [String] = []

    @Option(name: .shortAndLong, help: .init("What its history says.", valueName: "text"))
    var message: String?
}
