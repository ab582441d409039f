import Glibc
import OCISpec
import Testing

@testable import ImageStore

/// What GNU tar packs unpacks to what GNU tar unpacks.
@Suite struct GNUTarTests {
    /// Everything that `find` tells of an entry but its inode, its link target, and a digest of its content.
    private func listing(_ path: String, _ output: String) -> String? {
        let script = """
            cd "$1" && LC_ALL=C && export LC_ALL && {
                find . ! -type d -printf '%P|%y|%m|%U|%G|%T@|%l|%n|%s\\n'
                find . -type d -printf '%P|%y|%m|%U|%G|%T@\\n'
                find . -type f -exec sha256sum {} +
                getfattr -dRhm '^(user|security)' . 2>/dev/null
            } | sort > "$2"
            """
        return run("sh", "-c", script, "sh", path, output) == 0 ? text(output) : nil
    }

    @Test(
        .enabled(if: isRoot),
        arguments: ["gnu", "pax", "posix --sparse", "gnu --sparse", "ustar", "v7", "oldgnu --sparse"])
    func awkwardFolder(format: String) throws {
        let fixture = try ImageFixture()
        let source = fixture.folder("source")
        // Old formats have no long names, big owners or attributes.
        let script = """
            set -e; mkdir "$1"; cd "$1"
            mkdir -p a/b/c empty 'name with spaces' sticky; chmod 1777 sticky; chmod 2755 a
            head -c 3000000 /dev/urandom > a/random; cp a/random a/b/copy; ln a/random a/b/c/hard; ln -s ../../nowhere a/b/link
            ln -s a/random abs; printf x > suid; chown 12:34 suid; chmod 6755 suid; [ "$2" = v7 ] || { mkfifo fifo; mknod null c 1 3; }
            truncate -s 50M sparse; printf middle | dd of=sparse bs=1 seek=20000000 conv=notrunc status=none
            touch -d '2001-02-03 04:05:06' a/b 'name with spaces' a/b/c/hard; : > empty-file
            case "$2" in v7|ustar) ;; *)
                long=$(printf 'l%.0s' $(seq 200)); mkdir -p $long/$long; echo deep > $long/$long/$long
                ln $long/$long/$long hard-to-long; ln -s $long/$long/$long link-to-long
                printf 'caf\\303\\251' > "$(printf 'caf\\303\\251')"; printf n > "$(printf 'nfd-e\\314\\201')"
                chown 3000000:4000000 empty;; esac
            case "$2" in posix*|pax) setfattr -n user.test -v 'a value' suid a 2>/dev/null || : ;; esac
            """
        try #require(run("sh", "-c", script, "sh", source, format) == 0)
        let archive = fixture.folder("awkward.tar")
        let xattrs = format.hasPrefix("p") ? "--xattrs" : ""
        try #require(
            run("sh", "-c", "tar \(xattrs) --format=\(format) --numeric-owner -C \(source) -cf \(archive) .") == 0)
        let expected = fixture.folder("expected")
        mkdir(expected, 0o700)
        try #require(run("tar", "--xattrs", "--numeric-owner", "-C", expected, "-xpf", archive) == 0)

        let image = try fixture.store.importRoot(from: .file(archive))
        let layer = try #require(fixture.layerFolders(of: image).first)
        let ours = try #require(listing(layer, fixture.folder("ours.txt")))
        let theirs = try #require(listing(expected, fixture.folder("theirs.txt")))
        #expect(ours.split(separator: "\n") == theirs.split(separator: "\n"))
        #expect(ours.contains("a/b/c/hard"))
        // Of an image's file the kernel counts the size alone; what it takes is a test of its own.
        if format.contains("sparse"), !kernelMountsImages {
            #expect(try #require(fileStatus("\(layer)/sparse")).st_blocks < 1000)
        }
    }

    @Test(arguments: ["gzip -1", "gzip -9 --rsyncable", "zstd -q -1", "zstd -q -19 --long=24"])
    func compressedArchive(program: String) throws {
        let fixture = try ImageFixture()
        try fixture.unpack { tar in
            for index in 0..<200 { tar.file("\(index)", String(repeating: "line \(index)\n", count: 50 * index)) }
        }
        let archive = fixture.folder("layer.tar")
        try #require(run("sh", "-c", "\(program) -c \(archive) > \(archive).z") == 0)
        let image = try fixture.store.importRoot(from: .file("\(archive).z"))
        // The same content, so the same layer, in whatever form it came.
        #expect(names("\(fixture.store.root)/layers").count == 1)
        #expect(image.layers.map(\.hex) == names("\(fixture.store.root)/layers"))
        #expect(names("\(fixture.store.root)/tmp") == [])
    }
}
