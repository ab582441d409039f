internal import ArgumentParser
internal import Nestbox

/// How the container's health is found out.
struct HealthOptions: ParsableArguments {
    @Option(
        name: .long, help: .init("A line for the shell that ends with 0 when the container is well.", valueName: "line")
    )
    var healthCmd: String?

    @Option(name: .long, help: .init("The time between two probes (default 30s).", valueName: "span"))
    var healthInterval: String?

    @Option(name: .long, help: .init("The time after which a probe has failed (default 30s).", valueName: "span"))
    var healthTimeout: String?

    @Option(
        name: .long, help: .init("How many failures in a row make it unhealthy (default 3).", valueName: "number"))
    var healthRetries: String?

    @Option(
        name: .long,
        help: .init("The time from the start in which failures do not count (default 0s).", valueName: "span")
    )
    var healthStartPeriod: String?

    @Option(
        name: .long, help: .init("The time between two probes in that period (default 5s).", valueName: "span"))
    var healthStartInterval: String?

    @Flag(name: .customLong("no-healthcheck"), help: "Do not find out, whatever the image says.")
    var noHealthcheck = false

    func apply(to configuration: inout ContainerConfiguration) throws {
        var health = HealthConfiguration()
        if let healthCmd, !healthCmd.isEmpty { health.command = healthCmd }
        health.interval = try Self.span(healthInterval, "--health-interval")
        health.timeout = try Self.span(healthTimeout, "--health-timeout")
        health.startPeriod = try Self.span(healthStartPeriod, "--health-start-period")
        health.startInterval = try Self.span(healthStartInterval, "--health-start-interval")
        health.retries = try healthRetries.map {
            try OptionNumber.integer($0, option: "--health-retries", in: 0...Int(Int32.max))
        }
        guard health != HealthConfiguration() || noHealthcheck else { return }
        guard !noHealthcheck || health == HealthConfiguration() else {
            throw ConfigurationError(
                "--no-healthcheck", "", "other --health flags are given", accepted: "leave it out, or all the others")
        }
        health.isDisabled = noHealthcheck
        configuration.health = health
    }

    private static func span(_ text: String?, _ option: String) throws -> Int64? {
        try text.map { try SpanText.nanoseconds($0, option: option) }
    }
}
