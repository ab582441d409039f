// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "TestContainers",
    products: [.library(name: "TestContainers", targets: ["TestContainers"])],
    dependencies: [.package(name: "nestbox", path: "../..")],
    targets: [
        .target(name: "TestContainers", dependencies: [.product(name: "Nestbox", package: "nestbox")]),
        .testTarget(name: "TestContainersTests", dependencies: ["TestContainers"]),
    ]
)
