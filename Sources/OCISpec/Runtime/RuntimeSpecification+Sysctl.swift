extension RuntimeSpecification.Linux.Namespace.Kind {
    /// Parameters of the IPC namespace (ipc_namespaces(7)); `fs.mqueue.` ones belong to it too.
    private static let ipcParameters: Set<String> = [
        "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
        "kernel.shmmni", "kernel.shm_rmid_forced", "kernel.msg_next_id", "kernel.sem_next_id", "kernel.shm_next_id",
    ]

    /// The namespace that has a value of its own of a kernel parameter; nil for one of the whole kernel.
    ///
    /// - Parameter parameter: its name with dots, like `net.core.somaxconn`.
    public init?(ofParameter parameter: String) {
        if Self.ipcParameters.contains(parameter) || parameter.hasPrefix("fs.mqueue.") {
            self = .ipc
        } else if parameter.hasPrefix("net.") {
            self = .network
        } else if parameter == "kernel.hostname" || parameter == "kernel.domainname" {
            self = .uts
        } else {
            return nil
        }
    }
}
