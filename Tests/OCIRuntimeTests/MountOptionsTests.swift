import CLinux
import Testing

@testable import OCIRuntime

@Suite struct MountOptionsTests {
    @Test func attributesAreSetAndCleared() {
        let options = MountOptions(["nosuid", "nodev", "ro", "exec", "mode=755", "newinstance"])
        #expect(options.set == NB_MOUNT_NO_SUID | NB_MOUNT_NO_DEVICES | NB_MOUNT_READ_ONLY)
        #expect(options.clear == NB_MOUNT_NO_EXECUTE)
        #expect(
            options.fileSystem == [
                MountOption(name: "mode", value: "755"), MountOption(name: "newinstance", value: nil),
            ])
    }

    @Test func theLastOfTwoOppositesCounts() {
        #expect(MountOptions(["ro", "rw"]).set == 0)
        #expect(MountOptions(["ro", "rw"]).clear == NB_MOUNT_READ_ONLY)
        #expect(MountOptions(["rw", "ro"]).set == NB_MOUNT_READ_ONLY)
    }

    @Test func accessTimesAreOneField() {
        let options = MountOptions(["noatime", "strictatime"])
        #expect(options.set & NB_MOUNT_ACCESS_TIMES == NB_MOUNT_STRICT_ACCESS_TIME)
        #expect(options.clear & NB_MOUNT_ACCESS_TIMES == NB_MOUNT_ACCESS_TIMES)
    }

    @Test func recursiveFormsAreKeptApart() {
        let options = MountOptions(["rbind", "rro", "ridmap", "rslave"])
        #expect(options.isBind && options.isRecursive)
        #expect(options.set == 0 && options.recursiveSet == NB_MOUNT_READ_ONLY)
        #expect(options.isIDMapped && options.isIDMapRecursive)
        #expect(options.propagation == NB_PROPAGATION_SLAVE && options.isPropagationRecursive)
    }

    @Test(arguments: ["relatime", "rw", "rprivate", "rbind"])
    func namesThatBeginWithRAreNotRecursiveForms(_ name: String) {
        let options = MountOptions([name])
        #expect(options.recursiveSet == 0 && options.recursiveClear == 0 && options.fileSystem.isEmpty)
    }
}
