// swift-tools-version: 5.9
import PackageDescription

// On Apple's platforms the library comes in CpexWasmiC.xcframework, made by ./build-xcframework. Elsewhere it is an installed
// library, found by pkg-config: see ../c/README.md.
#if canImport(Darwin)
let library: Target = .binaryTarget(name: "CpexWasmiC", path: "CpexWasmiC.xcframework")
#else
let library: Target = .systemLibrary(name: "CpexWasmiC", pkgConfig: "cpex-wasmi")
#endif

let package = Package(
    name: "CpexWasmi",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "CpexWasmi", targets: ["CpexWasmi"])],
    targets: [
        library,
        .target(name: "CpexWasmi", dependencies: ["CpexWasmiC"]),
        .testTarget(name: "CpexWasmiTests", dependencies: ["CpexWasmi"]),
    ]
)
