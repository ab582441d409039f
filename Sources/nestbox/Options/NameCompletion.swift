internal import ArgumentParser

extension CompletionKind {
    /// The names of all containers.
    static var containerName: CompletionKind { .shellCommand("\(containers) 2>/dev/null") }

    /// The names of the images that have one.
    static var imageName: CompletionKind { .shellCommand("\(images) 2>/dev/null") }

    /// The names of containers and images.
    static var objectName: CompletionKind { .shellCommand("{ \(containers); \(images); } 2>/dev/null") }

    /// The names of networks.
    static var networkName: CompletionKind {
        .shellCommand("nestbox network ls --format '{{.Name}}' 2>/dev/null")
    }

    /// The names of volumes.
    static var volumeName: CompletionKind { .shellCommand("nestbox volume ls --quiet 2>/dev/null") }

    /// The names of the own registry's repositories.
    static var repositoryName: CompletionKind { .shellCommand("nestbox repository ls --quiet 2>/dev/null") }

    private static var containers: String { "nestbox ps --all --format '{{.Names}}'" }
    private static var images: String {
        "nestbox images --filter dangling=false --format '{{.Repository}}:{{.Tag}}'"
    }
}
