/// The system and the machine that an image is for, in Go's words: `linux`, `arm64`, `v8`.
public struct Platform: Hashable, Sendable {
    /// The operating system, for example `linux`.
    public var os: String
    /// The processor's architecture, for example `amd64`.
    public var architecture: String
    /// The variant of the architecture, for example `v7` of `arm`.
    public var variant: String?
    /// The version of the operating system, used by Windows only.
    public var osVersion: String?
    /// What the operating system must offer, used by Windows only.
    public var osFeatures: [String]

    /// Makes a platform from its parts, as they are.
    public init(
        os: String, architecture: String, variant: String? = nil, osVersion: String? = nil, osFeatures: [String] = []
    ) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
        self.osVersion = osVersion
        self.osFeatures = osFeatures
    }

    /// Reads `linux/arm64/v8`, `linux/amd64`, or a single architecture, in the spelling of Go or of `uname`.
    ///
    /// - Throws: `InvalidPlatform` for more than three parts, and for anything but letters, digits, `_`, `.`, `-`.
    public init(_ text: String) throws(InvalidPlatform) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 3 else {
            throw InvalidPlatform(text: text, reason: "expected OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT")
        }
        for part in parts {
            guard (try? ContainerIdentifier.validate(part)) != nil else {
                throw InvalidPlatform(text: text, reason: "\(JSONError.quoted(part)) is no name")
            }
        }
        let platform =
            parts.count == 1
            ? Platform(os: "linux", architecture: parts[0])
            : Platform(os: parts[0], architecture: parts[1], variant: parts.count == 3 ? parts[2] : nil)
        self = platform.normalized
    }

    /// The platform that this program was built for.
    public static let host: Platform = {
        #if arch(x86_64)
            Platform(os: "linux", architecture: "amd64")
        #elseif arch(arm64)
            Platform(os: "linux", architecture: "arm64", variant: "v8")
        #elseif arch(arm)
            Platform(os: "linux", architecture: "arm", variant: "v7")
        #elseif arch(riscv64)
            Platform(os: "linux", architecture: "riscv64")
        #elseif arch(powerpc64le)
            Platform(os: "linux", architecture: "ppc64le")
        #elseif arch(s390x)
            Platform(os: "linux", architecture: "s390x")
        #elseif arch(i386)
            Platform(os: "linux", architecture: "386")
        #else
            #error("name this architecture as Go does")
        #endif
    }()

    /// The same platform in Go's spelling and with its usual variant: `x86_64` is `amd64`, `arm64` is `arm64/v8`.
    public var normalized: Platform {
        var result = self
        result.os = os.lowercased()
        result.variant = variant?.lowercased()
        switch architecture.lowercased() {
        case "x86_64", "x86-64", "amd64":
            result.architecture = "amd64"
            if result.variant == "v1" { result.variant = nil }
        case "i386", "i486", "i586", "i686", "386":
            result.architecture = "386"
        case "aarch64", "arm64":
            result.architecture = "arm64"
            result.variant = result.variant == "8" ? "v8" : result.variant ?? "v8"
        case "armel":
            result.architecture = "arm"
            result.variant = "v6"
        case "armhf":
            result.architecture = "arm"
            result.variant = "v7"
        case "arm", "armv7l":
            result.architecture = "arm"
            result.variant = result.variant.map { $0.hasPrefix("v") ? $0 : "v\($0)" } ?? "v7"
        case let other:
            result.architecture = other
        }
        return result
    }
}

extension Platform {
    /// Whether a machine of this platform can run an image of that one.
    ///
    /// A machine runs images of its own variant and of lower ones: `arm/v7` runs `arm/v6`, and `amd64` without variant
    /// runs none that asks for `v2` or more.
    public func runs(_ image: Platform) -> Bool {
        rank(of: image) != nil
    }

    /// The variant of an image that a machine of this platform can run, as a number; nil when it cannot.
    func rank(of image: Platform) -> Int? {
        let (machine, image) = (normalized, image.normalized)
        guard machine.os == image.os, machine.architecture == image.architecture else { return nil }
        if machine.variant == image.variant { return machine.variantNumber ?? 0 }
        guard let most = machine.variantNumber, let needed = image.variantNumber, needed <= most else { return nil }
        return needed
    }

    /// The number of the variant; 1 where none is given.
    private var variantNumber: Int? {
        guard let variant else { return 1 }
        guard variant.hasPrefix("v") else { return nil }
        // `v8.2` needs more than `v8`; finer steps than a tenth do not occur.
        let parts = variant.dropFirst().split(separator: ".", maxSplits: 1)
        guard let major = parts.first.flatMap({ Int($0) }), (0...1000).contains(major) else { return nil }
        guard parts.count == 2 else { return major == 1 ? 1 : 100 * major }
        guard let minor = Int(parts[1]), (0..<100).contains(minor) else { return nil }
        return 100 * major + minor
    }
}

extension Platform: CustomStringConvertible {
    /// The parts with slashes between them.
    public var description: String { "\(os)/\(architecture)" + (variant.map { "/\($0)" } ?? "") }
}

extension Platform: JSONCodable {
    /// Reads an object as in a descriptor or an image configuration.
    ///
    /// - Throws: `JSONError` for a missing system or architecture and for a wrong value.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        os = try object.required("os")
        architecture = try object.required("architecture")
        variant = try object.nonEmpty("variant")
        osVersion = try object.nonEmpty("os.version")
        osFeatures = try object.optional("os.features") ?? []
    }

    /// An object.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("architecture", to: architecture)
        object.set("os", to: os)
        object.set("os.version", to: osVersion)
        object.setUnlessEmpty("os.features", to: osFeatures)
        object.set("variant", to: variant)
        return .object(object)
    }
}

/// Why a text is no platform.
public struct InvalidPlatform: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text.
    public let text: String
    /// What is wrong with it.
    public let reason: String

    /// One line, for example `invalid platform "a/b/c/d": expected OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT`.
    public var description: String { "invalid platform \(JSONError.quoted(text)): \(reason)" }
}
