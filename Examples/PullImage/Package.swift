// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "PullImage",
    dependencies: [.package(name: "nestbox", path: "../..")],
    targets: [
        .executableTarget(
            name: "PullImage",
            dependencies: [
                .product(name: "Nestbox", package: "nestbox"), .product(name: "NestboxRegistry", package: "nestbox"),
            ])
    ]
)
