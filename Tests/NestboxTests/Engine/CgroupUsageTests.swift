import Testing

@testable import Nestbox

@Suite struct CgroupUsageTests {
    @Test func bytesOfBlockDevices() {
        let old = CgroupUsage.blockBytesV1(
            "8:0 Read 4096\n8:0 Write 512\n8:0 Sync 9\n8:16 Read 1\n8:0 Total 4608\nTotal 4609\n")
        #expect(old.read == 4097 && old.written == 512)
        let new = CgroupUsage.blockBytesV2(
            "8:0 rbytes=4096 wbytes=512 rios=1 wios=1 dbytes=7 dios=1\n8:16 rbytes=1 wbytes=0 rios=1 wios=0\n7:0 \n")
        #expect(new.read == 4097 && new.written == 512)
        #expect(CgroupUsage.blockBytesV1("").read == 0 && CgroupUsage.blockBytesV2("").written == 0)
        #expect(CgroupUsage.number("file", in: "inactive_file 3\nfile 4\nfile_mapped 5\n") == 4)
        #expect(CgroupUsage.number("anon", in: "inactive_file 3\n") == nil)
    }
}
