import Glibc
import Testing

@testable import ImageStore

/// threats.md, layer archives, row 5: device nodes, setuid files, file capabilities, attributes of overlayfs.
@Suite struct PrivilegeTests {
    let fixture: ImageFixture

    init() throws { fixture = try ImageFixture() }

    @Test func storeIsClosedToOthers() throws {
        #expect(fileStatus(fixture.store.root)?.permissions == 0o700)
        chmod(fixture.store.root, 0o755)
        _ = try ImageStore(root: fixture.store.root)
        #expect(fileStatus(fixture.store.root)?.permissions == 0o700)
    }

    @Test(.enabled(if: isRoot)) func deviceNodesAreMadeAsTheArchiveSays() throws {
        let layer = try fixture.unpack { tar in
            tar.add(.character, "dev/null", TarBuilder.Attributes(mode: 0o666, devMajor: 1, devMinor: 3))
            tar.add(.block, "dev/disk", TarBuilder.Attributes(mode: 0o660, gid: 6, devMajor: 8, devMinor: 300))
            tar.add(.fifo, "fifo", TarBuilder.Attributes(mode: 0o622))
        }
        let null = try #require(fileStatus("\(layer)/dev/null"))
        #expect(null.kind == S_IFCHR && null.permissions == 0o666 && null.st_rdev == 0x103)
        let disk = try #require(fileStatus("\(layer)/dev/disk"))
        #expect(disk.kind == S_IFBLK && disk.permissions == 0o660 && disk.st_gid == 6)
        #expect(disk.st_rdev == 8 << 8 | (300 & 0xFF) | (300 & ~0xFF) << 12)
        #expect(fileStatus("\(layer)/fifo")?.permissions == 0o622)
    }

    @Test(.enabled(if: isRoot)) func setuidBitsSurviveTheChangeOfOwner() throws {
        let layer = try fixture.unpack { tar in
            tar.add(.file, "su", data: [1], TarBuilder.Attributes(mode: 0o6755, uid: 1000, gid: 8))
            tar.add(.folder, "sticky/", TarBuilder.Attributes(mode: 0o3777, gid: 50))
            tar.add(.file, "sticky/file", TarBuilder.Attributes(mode: 0o640))
        }
        let file = try #require(fileStatus("\(layer)/su"))
        #expect(file.permissions == 0o6755 && file.st_uid == 1000 && file.st_gid == 8)
        #expect(fileStatus("\(layer)/sticky")?.permissions == 0o3777)
        // A setgid folder hands its group on; the archive says another.
        #expect(fileStatus("\(layer)/sticky/file")?.st_gid == 0)
    }

    @Test(.enabled(if: isRoot)) func fileCapabilitiesAreKept() throws {
        // Version 2, effective, CAP_NET_RAW permitted.
        let capability =
            "\u{1}\u{0}\u{0}\u{2}\u{0} \u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}"
        let layer = try fixture.unpack { tar in
            tar.add(
                .file, "ping", data: [1],
                TarBuilder.Attributes(mode: 0o755, uid: 5, pax: [("SCHILY.xattr.security.capability", capability)]))
        }
        #expect(extendedAttribute("\(layer)/ping", "security.capability") == capability)
    }

    @Test(arguments: [
        "trusted.overlay.opaque", "trusted.overlay.redirect", "user.overlay.opaque", "trusted.x", "security.x",
    ])
    func attributesOfOverlayfsAreDropped(name: String) throws {
        let layer = try fixture.unpack { tar in
            tar.add(
                .folder, "folder/",
                TarBuilder.Attributes(
                    mode: 0o755, pax: [("SCHILY.xattr.\(name)", "y"), ("SCHILY.xattr.user.kept", "1")]))
            tar.add(.file, "file", TarBuilder.Attributes(pax: [("SCHILY.xattr.\(name)", "/etc")]))
        }
        #expect(extendedAttribute("\(layer)/folder", name) == nil)
        #expect(extendedAttribute("\(layer)/file", name) == nil)
        #expect(extendedAttribute("\(layer)/folder", "user.kept") == "1")
    }

    @Test(.enabled(if: isRoot)) func attributesDoNotGoThroughASymlink() throws {
        try fixture.folder.write("outside", "x")
        let layer = try fixture.unpack { tar in
            // CVE-2026-17106
            tar.add(
                .symlink, "link",
                TarBuilder.Attributes(
                    mode: 0o7777, uid: 77, gid: 78, linkTarget: fixture.folder("outside"),
                    pax: [("SCHILY.xattr.user.evil", "1")]))
        }
        let link = try #require(fileStatus("\(layer)/link"))
        #expect(link.st_uid == 77 && link.st_gid == 78 && link.st_mtim.tv_sec == 1_700_000_000)
        let target = try #require(fileStatus(fixture.folder("outside")))
        #expect(target.st_uid == 0 && target.permissions == 0o600)
        #expect(extendedAttribute(fixture.folder("outside"), "user.evil") == nil)
    }

    @Test(arguments: [-1, 1 << 32, 0xFFFF_FFFF])
    func ownersOutOfRangeAreRefused(owner: Int) throws {
        #expect(
            try fixture.fault { $0.add(.file, "f", TarBuilder.Attributes(uid: owner)) }.contains("out of range"))
        #expect(
            try fixture.fault { $0.add(.folder, "f", TarBuilder.Attributes(gid: owner)) }.contains("out of range"))
    }
}
