import Glibc
import Testing

@testable import ImageStore

/// The files of a layer in memory.
@Suite struct LayerTreeTests {
    private static let moment = Moment(seconds: 7, nanoseconds: 8)

    private static func put(_ mode: mode_t, _ name: String, in folder: UInt32, _ tree: inout LayerTree) -> UInt32 {
        let file = tree.add(LayerTree.File(mode: UInt16(mode)))
        var name = name
        name.withUTF8 { tree.put(file, as: UnsafeRawBufferPointer($0), in: folder) }
        return file
    }

    private static func link(_ name: String, to target: String, in folder: UInt32, _ tree: inout LayerTree) {
        let link = put(S_IFLNK, name, in: folder, &tree)
        (tree[link].place, tree[link].size) = tree.add(target: target)
    }

    private static func folder(_ path: String, making: Moment? = nil, _ tree: inout LayerTree) -> UInt32? {
        var path = path
        return path.withUTF8 { tree.folder(at: UnsafeRawBufferPointer($0), making: making) }
    }

    @Test func pathsAreResolvedBelowTheRoot() {
        var tree = LayerTree()
        let outer = Self.put(S_IFDIR, "outer", in: LayerTree.root, &tree)
        let inner = Self.put(S_IFDIR, "inner", in: outer, &tree)
        _ = Self.put(S_IFREG, "file", in: inner, &tree)
        Self.link("absolute", to: "/outer/inner", in: inner, &tree)
        Self.link("relative", to: "../inner", in: inner, &tree)
        Self.link("out", to: "../../../../outer", in: inner, &tree)
        Self.link("loop", to: "loop", in: LayerTree.root, &tree)
        Self.link("nowhere", to: "missing/folder", in: LayerTree.root, &tree)
        for (path, expected) in [
            ("outer/inner", inner), ("outer/inner/absolute/absolute/relative", inner), ("outer/inner/out", outer),
            ("../../outer/./inner//", inner), ("outer/inner/..", outer), ("", LayerTree.root),
        ] { #expect(Self.folder(path, &tree) == expected, "\(path)") }
        for path in ["loop", "nowhere", "outer/inner/file", "outer/inner/file/x", "missing"] {
            #expect(Self.folder(path, &tree) == nil, "\(path)")
        }
        // What a link leads to is not made, other folders are.
        #expect(Self.folder("nowhere/x", making: Self.moment, &tree) == nil)
        let made = Self.folder("outer/inner/absolute/new/deep", making: Self.moment, &tree)
        #expect(made != nil && made == Self.folder("outer/inner/new/deep", &tree))
        #expect(made.map { tree[$0].time } == Self.moment)
        #expect(made.map { tree[$0].mode } == UInt16(S_IFDIR) | 0o755)
    }

    @Test func manyNamesAreFoundAgainAndInOrder() {
        var tree = LayerTree()
        var names: [String: UInt32] = [:]
        for number in 0..<20_000 {
            let name = "\(number * 7919 % 20_011)"
            names[name] = Self.put(S_IFREG, name, in: LayerTree.root, &tree)
        }
        for (name, file) in names {
            var name = name
            #expect(name.withUTF8 { tree.file(UnsafeRawBufferPointer($0), in: LayerTree.root) } == file)
        }
        let contents = tree.contents(of: LayerTree.root)
        #expect(
            contents.map { String(decoding: $0.name, as: UTF8.self) }
                == names.keys.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
        #expect(contents.map(\.file) == contents.map { names[String(decoding: $0.name, as: UTF8.self)] })
    }
}
