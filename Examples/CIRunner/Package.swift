// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "CIRunner",
    dependencies: [.package(name: "nestbox", path: "../..")],
    targets: [
        .executableTarget(name: "CIRunner", dependencies: [.product(name: "Nestbox", package: "nestbox")])
    ]
)
