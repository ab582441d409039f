internal import ArgumentParser

extension CompletionKind {
    /// The names of all containers.
    static var containerName: CompletionKind { .shellCommand("nestbox ps --all --format '{{.Names}}' 2>/dev/null") }

    /// The names of the images that have one.
    static var imageName: CompletionKind {
        .shellCommand("nestbox images --filter dangling=false --format '{{.Repository}}:{{.Tag}}' 2>/dev/null")
    }

    /// The names of containers and images.
    static var objectName: CompletionKind {
        .shellCommand(
            "{ nestbox ps --all --format '{{.Names}}'; "
                + "nestbox images --filter dangling=false --format '{{.Repository}}:{{.Tag}}'; } 2>/dev/null")
    }
}
