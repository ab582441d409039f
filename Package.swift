// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target: Swift 6 language mode, strict imports, and no warning left standing.
///
/// Generic types are made by calls instead of by their mangled names, whose reading is a tenth of what a start computes.
let swiftSettings: [SwiftSetting] = [
    .unsafeFlags(
        ["-function-sections", "-disable-concrete-type-metadata-mangled-name-accessors"]
            .flatMap { ["-Xfrontend", $0] },
        .when(configuration: .release)),
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// What nestbox-runtime is made of: no regular expressions, of which one call would link all; and no function without a name,
/// which merging makes, for the linker to put in its place.
let runtimeSettings: [SwiftSetting] =
    swiftSettings + [
        .unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"]),
        .unsafeFlags(["-Xfrontend", "-disable-llvm-merge-functions-pass"], .when(configuration: .release)),
    ]

/// Executables are fully static in release builds: the loader is most of a small program's start time.
///
/// The folder is that of Sources/CISAL/build-static.sh.
let staticExecutable: [LinkerSetting] = [
    .unsafeFlags(
        ["-static-executable", "-use-ld=lld", "-L\(Context.packageDirectory)/.cache/isal"],
        .when(configuration: .release))
]

/// What a start executes lies side by side, which is half of the memory that a program takes.
///
/// The file in its sources is what Tests/StartOrder/order.sh writes; names in it that are gone do no harm.
func startOrder(_ program: String) -> [LinkerSetting] {
    let file = "\(Context.packageDirectory)/Sources/\(program)/start.order"
    return [
        .unsafeFlags(
            ["--symbol-ordering-file=\(file)", "--no-warn-symbol-ordering"].flatMap { ["-Xlinker", $0] },
            .when(configuration: .release))
    ]
}

/// The function of CSealedStart's that the kernel starts a program at, before there is a C library.
let sealedEntry: [LinkerSetting] = [.unsafeFlags(["-Xlinker", "--entry=nb_entry"])]

let staticExecutableSwift: [SwiftSetting] =
    swiftSettings + [.unsafeFlags(["-static-executable"], .when(configuration: .release))]

/// libarchive and what its static archive needs for the tar and zstd functions that ImageStore calls, in the linker's
/// order: who needs comes before who gives.
let archiveLinkage: [LinkerSetting] = ["archive", "acl", "zstd"].map { .linkedLibrary($0) }

/// Parsers under libFuzzer when `make fuzz` asks for it, and the corpus as tests otherwise.
let fuzzTargets: [Target] =
    Context.environment["NESTBOX_FUZZ"] == nil
    ? [
        .testTarget(
            name: "FuzzTests", dependencies: ["ImageStore", "LinuxSystem", "OCISpec"], path: "Tests/Fuzz",
            exclude: ["Corpus", "FuzzDriver.swift", "corpus.py", "fuzz.sh"], swiftSettings: swiftSettings)
    ]
    : [
        .executableTarget(
            name: "fuzz", dependencies: ["ImageStore", "LinuxSystem", "OCISpec"], path: "Tests/Fuzz",
            exclude: ["Corpus", "CorpusTests.swift", "corpus.py", "fuzz.sh"], swiftSettings: swiftSettings,
            linkerSettings: archiveLinkage)
    ]

let package = Package(
    name: "nestbox",
    products: [
        .library(name: "Nestbox", targets: ["Nestbox"]),
        .library(name: "NestboxRegistry", targets: ["NestboxRegistry"]),
        .executable(name: "nestbox", targets: ["nestbox"]),
        .executable(name: "nestbox-runtime", targets: ["nestbox-runtime"]),
        .executable(name: "nestbox-registry", targets: ["nestbox-registry"]),
        .executable(name: "nestboxd", targets: ["nestboxd"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.81.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
    ],
    targets: [
        .target(name: "CLinux", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
        // What a program is started at, and a constructor.
        .target(
            name: "CSealedStart", dependencies: ["CLinux"], cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
        .systemLibrary(name: "CArchive"),
        .systemLibrary(name: "CISAL"),
        .systemLibrary(name: "CSeccomp"),
        .systemLibrary(name: "CCap"),
        .systemLibrary(name: "CCrypt"),
        .target(name: "OCISpec", swiftSettings: runtimeSettings),
        .target(
            name: "LinuxSystem", dependencies: ["CLinux", "CSeccomp", "CCap", "OCISpec"],
            swiftSettings: runtimeSettings),
        .target(
            name: "OCIRuntime", dependencies: ["CLinux", "LinuxSystem", "OCISpec"], swiftSettings: runtimeSettings),
        .target(
            name: "LinuxNetwork", dependencies: ["CLinux", "LinuxSystem", "OCISpec"], swiftSettings: swiftSettings),
        .target(
            name: "ContainerNetwork", dependencies: ["LinuxNetwork", "LinuxSystem", "OCISpec"],
            swiftSettings: swiftSettings),
        .target(
            name: "ImageStore",
            dependencies: [
                "CArchive", "CISAL", "CLinux", "LinuxSystem", "OCISpec",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: swiftSettings),
        .target(
            name: "Nestbox",
            dependencies: [
                "CLinux", "ContainerNetwork", "LinuxNetwork", "LinuxSystem", "OCIRuntime", "ImageStore", "OCISpec",
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "nestbox",
            dependencies: [
                "CLinux", "ContainerNetwork", "ImageStore", "LinuxNetwork", "LinuxSystem", "Nestbox", "OCIRuntime",
                "OCISpec", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            exclude: ["start.order"], swiftSettings: staticExecutableSwift,
            linkerSettings: archiveLinkage + staticExecutable + startOrder("nestbox")),
        .executableTarget(
            name: "nestbox-runtime", dependencies: ["CSealedStart", "LinuxSystem", "OCIRuntime"],
            exclude: ["start.order"],
            swiftSettings: staticExecutableSwift,
            linkerSettings: staticExecutable + sealedEntry + startOrder("nestbox-runtime")),
        // A library of its own: whoever embeds the engine and needs no registry compiles no NIO.
        .target(
            name: "NestboxRegistry",
            dependencies: [
                "ImageStore", "LinuxSystem", "Nestbox", "OCISpec",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: swiftSettings),
        // A program of its own: linking NIO costs each start of `nestbox` 3.7 ms.
        .executableTarget(
            name: "nestbox-registry",
            dependencies: [
                "CLinux", "ContainerNetwork", "ImageStore", "LinuxNetwork", "LinuxSystem", "Nestbox",
                "NestboxRegistry", "OCIRuntime", "OCISpec",
            ],
            swiftSettings: staticExecutableSwift, linkerSettings: archiveLinkage + staticExecutable),
        // Without NIO, so that tests can link it.
        .target(
            name: "AWSServices",
            dependencies: [
                "ImageStore", "LinuxSystem", "OCISpec", .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: swiftSettings),
        .target(
            name: "RegistryServer",
            dependencies: [
                "AWSServices", "CCrypt", "ImageStore", "LinuxSystem", "OCISpec",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: swiftSettings),
        // The long-running program. Tests run it; none links it, so that they build without NIO and Hummingbird.
        .executableTarget(
            name: "nestboxd",
            dependencies: [
                "CLinux", "ContainerNetwork", "ImageStore", "LinuxNetwork", "LinuxSystem", "Nestbox", "OCIRuntime",
                "OCISpec", "RegistryServer", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: staticExecutableSwift,
            linkerSettings: archiveLinkage + [.linkedLibrary("crypt")] + staticExecutable),
        // What `make bench` measures the library with.
        .executableTarget(
            name: "launch-loop", dependencies: ["Nestbox"], path: "Tests/Bench/LaunchLoop",
            swiftSettings: swiftSettings, linkerSettings: archiveLinkage),
        // The example of that name, compiled with what `make build` compiles anyway; as the package that it is, it would take
        // minutes more of CI.
        .executableTarget(
            name: "pull-image", dependencies: ["Nestbox", "NestboxRegistry"],
            path: "Examples/PullImage/Sources/PullImage",
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)], linkerSettings: archiveLinkage),
        .testTarget(name: "OCISpecTests", dependencies: ["OCISpec"], swiftSettings: swiftSettings),
        .testTarget(
            name: "LinuxSystemTests", dependencies: ["LinuxSystem", "CLinux", "OCISpec"], swiftSettings: swiftSettings),
        .testTarget(
            name: "LinuxNetworkTests", dependencies: ["LinuxNetwork", "LinuxSystem", "CLinux"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ContainerNetworkTests",
            dependencies: ["ContainerNetwork", "LinuxNetwork", "LinuxSystem", "OCISpec"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "OCIRuntimeTests", dependencies: ["OCIRuntime", "LinuxSystem", "OCISpec"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ImageStoreTests", dependencies: ["ImageStore", "LinuxSystem", "OCISpec"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "AWSServicesTests", dependencies: ["AWSServices", "ImageStore", "LinuxSystem", "OCISpec"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "CLinux", "LinuxSystem", "Nestbox", "OCISpec", .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "NestboxCommandTests", dependencies: ["nestbox", "ImageStore", "Nestbox", "OCISpec"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "NestboxTests",
            dependencies: ["ContainerNetwork", "LinuxNetwork", "LinuxSystem", "Nestbox", "OCIRuntime", "OCISpec"],
            swiftSettings: swiftSettings),
    ] + fuzzTargets
)
