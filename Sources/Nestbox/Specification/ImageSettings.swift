internal import OCISpec

/// What an image says about running it: the part of its configuration that a container keeps in its record, so that it can
/// be started again after the image was removed.
struct ImageSettings: JSONCodable, Hashable {
    var entrypoint: [String] = []
    var command: [String] = []
    var environment: [String] = []
    /// `name|uid[:group|gid]`, or empty.
    var user = ""
    /// Empty: `/`.
    var workingDirectory = ""
    /// The targets of its VOLUMEs, absolute and normalised.
    var volumes: [String] = []
    var stopSignal: String?
    var labels: [String: String] = [:]
    /// As the image writes them: `80/tcp`.
    var exposedPorts: [String] = []
    var healthcheck: ImageConfiguration.Config.Healthcheck?
    /// What runs a line of the health check; empty: `/bin/sh -c`.
    var shell: [String] = []

    init() {}

    init(_ config: ImageConfiguration.Config) {
        entrypoint = config.entrypoint
        command = config.cmd
        environment = config.env
        user = config.user ?? ""
        workingDirectory = config.workingDir ?? ""
        // The image is not trusted: a target is made absolute and rid of "..", and the root itself is no volume.
        volumes = Array(Set(config.volumes.map { EnginePaths.normalised("/" + $0) })).filter { $0 != "/" }.sorted()
        stopSignal = config.stopSignal
        labels = config.labels
        exposedPorts = config.exposedPorts
        healthcheck = config.healthcheck
        shell = config.shell
    }

    init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        entrypoint = try object.optional("entrypoint") ?? []
        command = try object.optional("command") ?? []
        environment = try object.optional("environment") ?? []
        user = try object.optional("user") ?? ""
        workingDirectory = try object.optional("workingDirectory") ?? ""
        volumes = try object.optional("volumes") ?? []
        stopSignal = try object.optional("stopSignal")
        labels = try object.optional("labels") ?? [:]
        exposedPorts = try object.optional("exposedPorts") ?? []
        healthcheck = try object.optional("healthcheck")
        shell = try object.optional("shell") ?? []
    }

    var json: JSONValue {
        var object = JSONObject()
        object.setUnlessEmpty("entrypoint", to: entrypoint)
        object.setUnlessEmpty("command", to: command)
        object.setUnlessEmpty("environment", to: environment)
        object.set("user", to: user, unless: "")
        object.set("workingDirectory", to: workingDirectory, unless: "")
        object.setUnlessEmpty("volumes", to: volumes)
        object.set("stopSignal", to: stopSignal)
        object.setUnlessEmpty("labels", to: labels)
        object.setUnlessEmpty("exposedPorts", to: exposedPorts)
        object.set("healthcheck", to: healthcheck)
        object.setUnlessEmpty("shell", to: shell)
        return .object(object)
    }
}
