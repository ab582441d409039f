// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "RunCommand",
    dependencies: [.package(name: "nestbox", path: "../..")],
    targets: [
        .executableTarget(name: "RunCommand", dependencies: [.product(name: "Nestbox", package: "nestbox")])
    ]
)
