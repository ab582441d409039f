import Glibc
import LinuxSystem
import OCISpec
import Testing

@testable import ImageStore

/// A layer that is an EROFS image, damaged in each of its parts.
@Suite(.enabled(if: isRoot && kernelMountsImages)) struct VerifyErofsTests {
    enum Damage: CaseIterable { case content, folder, superblock, end, gone, other }

    @Test(arguments: Damage.allCases) func aDamagedImageIsFoundAndMadeAnew(_ damage: Damage) throws {
        let fixture = try ImageFixture()
        var tar = TarBuilder()
        tar.file("content", String(repeating: "x", count: 300_000))
        for number in 0..<300 { tar.file("folder/\(number)", "\(number)") }
        try fixture.folder.write("layer.tar", tar.finished())
        let image = try fixture.store.importRoot(from: .file(fixture.folder("layer.tar")), reference: nil)
        let folder = "\(fixture.store.root)/layers/\(image.layers[0].hex)"
        let file = "\(folder)/\(ErofsImage.file)"
        let size = try #require(fileStatus(file)).st_size
        #expect(try fixture.store.verify().isWhole)
        switch damage {
        case .content: try overwrite(file, at: 4096 + 100)
        // The blocks of folders follow the content of the files.
        case .folder: try overwrite(file, at: 4096 + 303_104 + 300 * 4096 + 8)
        case .superblock: try overwrite(file, at: 1024)
        case .end: #expect(truncate(file, off_t(size / 2)) == 0)
        case .gone: #expect(unlink(file) == 0)
        case .other: try FileDescriptor.open(file, O_WRONLY | O_TRUNC).writeAll(Array("no image".utf8))
        }
        let report = try fixture.store.verify()
        #expect(report.damages.map(\.object) == [.layer(image.layers[0])], "\(report)")
        #expect(try fixture.store.repair(report.damages).isEmpty)
        #expect(try fixture.store.verify().isWhole)
        #expect(fileStatus(file)?.st_size == size)
    }

    private func overwrite(_ path: String, at place: off_t) throws {
        let file = try FileDescriptor.open(path, O_RDWR)
        let bytes = [UInt8](repeating: 0xA5, count: 16)
        #expect(pwrite(file.rawValue, bytes, bytes.count, place) == 16)
    }
}
