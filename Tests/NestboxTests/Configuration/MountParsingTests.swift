import Testing

@testable import Nestbox

@Suite struct MountParsingTests {
    private func volume(_ text: String) throws -> MountConfiguration {
        try MountConfiguration(volume: text, option: "--volume", workingDirectory: "/work/here")
    }

    private func mount(_ text: String) throws -> MountConfiguration {
        try MountConfiguration(mount: text, option: "--mount", workingDirectory: "/work/here")
    }

    private func tmpfs(_ text: String) throws -> MountConfiguration {
        try MountConfiguration(tmpfs: text, option: "--tmpfs")
    }

    @Test func bindVolumes() throws {
        var expected = MountConfiguration(kind: .bind, source: "/srv/data", target: "/data")
        expected.createSource = true
        #expect(try volume("/srv/data:/data") == expected)
        #expect(try volume("/srv//x/../data/:/./data/") == expected)
        #expect(try volume("/srv/data:/data:rw") == expected)
        expected.readOnly = true
        #expect(try volume("/srv/data:/data:ro") == expected)
        expected.propagation = .rslave
        #expect(try volume("/srv/data:/data:ro,rslave,z") == expected)
        #expect(try volume("./a:/b").source == "/work/here/a")
        #expect(try volume(".:/b").source == "/work/here")
        #expect(try volume("../a:/b").source == "/work/a")
        #expect(try volume("/a=\u{301}b:/c").source == "/a=\u{301}b")
    }

    @Test func namedAndAnonymousVolumes() throws {
        #expect(try volume("/data") == MountConfiguration(kind: .volume, target: "/data"))
        var expected = MountConfiguration(kind: .volume, source: "db.1", target: "/data", readOnly: true)
        expected.volumeNoCopy = true
        #expect(try volume("db.1:/data:ro,nocopy") == expected)
    }

    @Test(arguments: [
        "", ":", "/a:", ":/b", "a", "/a:b", "/a:/", "/a:/b:", "/a:/b:xx", "/a:/b:ro,rw", "/a:/b:ro,ro", "/a:/b:ro:z",
        "/a:/b/..",
        "a/b:/c", "a b:/c", "-x:/c", "a:/b:rshared", "/a:/b:nocopy", "/a:/b:ro,", "/a:/b:shared,slave", "~/a:/b",
        "à:/b",
    ])
    func badVolumes(text: String) {
        #expect(throws: ConfigurationError.self) { try volume(text) }
    }

    @Test func mounts() throws {
        #expect(
            try mount("type=bind,source=/srv,target=/data,readonly")
                == MountConfiguration(kind: .bind, source: "/srv", target: "/data", readOnly: true))
        #expect(
            try mount("TYPE=bind,src=./x,dst=/data,ro=false")
                == MountConfiguration(kind: .bind, source: "/work/here/x", target: "/data"))
        #expect(try mount("target=/data") == MountConfiguration(kind: .volume, target: "/data"))
        #expect(try mount("type=volume,src=db,dst=/data,volume-nocopy,volume-subpath=a/./b").volumeSubpath == "a/b")
        let propagated = try mount("type=bind,src=/a,dst=/b,bind-propagation=rshared,bind-recursive=disabled")
        #expect(propagated.propagation == .rshared)
        #expect(propagated.recursion == .disabled)
        #expect(try mount("type=bind,src=/a,dst=/b,bind-nonrecursive").recursion == .disabled)
        #expect(try mount("type=bind,src=/a,dst=/b,readonly,bind-recursive=writable").recursion == .writable)
        let memory = try mount("type=tmpfs,dst=/t,tmpfs-size=64m,tmpfs-mode=1770")
        #expect(memory.tmpfsSize == 64 << 20)
        #expect(memory.tmpfsMode == 0o1770)
        #expect(memory.tmpfsOptions == ["noexec", "nosuid", "nodev"])
        #expect(try mount("type=bind,\"src=/a,b\",\"dst=/c\"\"d\"").source == "/a,b")
        #expect(try mount("type=bind,\"src=/a,b\",\"dst=/c\"\"d\"").target == "/c\"d")
        #expect(try mount("type=bind,src=/a=b,dst=/c").source == "/a=b")
    }

    @Test(arguments: [
        "", "type=bind", "type=bind,src=/a", "type=bind,dst=/a", "type=bind,src=,dst=/a", "type=bind,src=a,dst=/b",
        "type=npipe,src=/a,dst=/b", "type,dst=/b", "type=bind,src=/a,dst=b", "type=bind,src=/a,dst=/",
        "type=bind,src=/a,dst=/b,",
        "type=bind,src=/a,dst=/b,dst=/c", "type=bind,src=/a,dst=/b,target=/c", "type=bind,src=/a,dst=/b,readonly=maybe",
        "type=bind,src=/a,dst=/b,bogus=1", "type=bind,src=/a,dst=/b,bogus",
        "type=bind,src=/a,dst=/b,bind-propagation=both",
        "type=bind,src=/a,dst=/b,tmpfs-size=1m", "type=bind,src=/a,dst=/b,volume-nocopy", "type=tmpfs,src=/a,dst=/b",
        "type=tmpfs,dst=/b,tmpfs-mode=999", "type=tmpfs,dst=/b,tmpfs-mode=+7", "type=tmpfs,dst=/b,tmpfs-mode=77777",
        "type=tmpfs,dst=/b,tmpfs-size=-1", "type=volume,src=a/b,dst=/c", "type=volume,dst=/c,volume-subpath=../x",
        "type=volume,dst=/c,volume-subpath=/x", "type=volume,dst=/c,volume-opt=a=b",
        "type=volume,dst=/c,volume-driver=nfs",
        "type=bind,src=/a,dst=/b,bind-recursive=readonly",
        "type=bind,src=/a,dst=/b,ro,bind-recursive=readonly,bind-propagation=shared",
        "type=bind,\"src=/a,dst=/b", "type=bind,s\"rc=/a,dst=/b", "type=bind,\"src=/a\"x,dst=/b",
        "type=bind,=x,dst=/b,src=/a",
    ])
    func badMounts(text: String) {
        #expect(throws: ConfigurationError.self) { try mount(text) }
    }

    @Test func memoryMounts() throws {
        #expect(try tmpfs("/run") == MountConfiguration(kind: .tmpfs, target: "/run"))
        let full = try tmpfs("/run:ro,size=64k,mode=755,uid=5,exec,noatime")
        #expect(full.readOnly)
        #expect(full.tmpfsSize == 65536)
        #expect(full.tmpfsMode == 0o755)
        #expect(full.tmpfsOptions == ["nosuid", "nodev", "uid=5", "exec", "noatime"])
        #expect(try tmpfs("/run:exec,noexec").tmpfsOptions == ["nosuid", "nodev", "noexec"])
        #expect(try tmpfs("/run:size=50%").tmpfsOptions.last == "size=50%")
    }

    @Test(arguments: [
        "", "run", "/", "/run:bogus", "/run:size", "/run:size=", "/run:size=0%", "/run:mode=8", "/run:uid=x",
        "/run:ro,", "/run:exec=1",
    ])
    func badMemoryMounts(text: String) {
        #expect(throws: ConfigurationError.self) { try tmpfs(text) }
    }
}
