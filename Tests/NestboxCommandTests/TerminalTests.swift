import ImageStore
import Nestbox
import OCISpec
import Testing

@testable import nestbox

@Suite struct TerminalTests {
    @Test func detachKeysAreHeldBackUntilTheyAreSure() {
        var keys = DetachKeys.usual
        #expect(keys.filter([97, 16]) == ([97], false))
        #expect(keys.filter([98]) == ([16, 98], false))
        #expect(keys.filter([16, 16]) == ([16], false))
        #expect(keys.filter([17, 99]) == ([], true))
        var none = DetachKeys(keys: [])
        #expect(none.filter([16, 17]) == ([16, 17], false))
    }

    @Test func detachKeysParse() throws {
        #expect(try DetachKeys(parsing: "ctrl-a,x,ctrl-@", option: "--detach-keys").keys == [1, 120, 0])
        for text in ["", "ctrl-", "ctrl-1", "ctrl-A", "ab", "a,,b", "é"] {
            #expect(throws: ConfigurationError.self, "\(text)") {
                try DetachKeys(parsing: text, option: "--detach-keys")
            }
        }
    }

    @Test func progressLines() {
        let digest = String(repeating: "ab", count: 32)
        for name in ["sha256:\(digest)", "\(digest)/layer.tar", "blobs/sha256/\(digest)", "\(digest).tar"] {
            #expect(ImageProgressDisplay.name(name) == "abababababab")
        }
        #expect(ImageProgressDisplay.name("a\u{1B}b") == "a\\u{1B}b")
        let half = ImageProgress(phase: .unpacking, object: "x", completed: 500, total: 1000)
        #expect(
            ImageProgressDisplay.bar(half, columns: 45, colored: false)
                == "x: unpacking [==========>         ] 500B/1kB"
        )
        #expect(ImageProgressDisplay.bar(half, columns: 80, colored: true).contains("\u{1B}[32m"))
        for columns in [0, 1, 10, 20, 30, 200] {
            #expect(ImageProgressDisplay.bar(half, columns: columns, colored: false).count <= columns)
        }
        let unknown = ImageProgress(phase: .unpacking, object: "x", completed: 500, total: nil)
        #expect(ImageProgressDisplay.bar(unknown, columns: 80, colored: true) == "x: unpacking 500B")
        let full = String(repeating: "=", count: 40)
        let over = ImageProgress(phase: .unpacking, object: "x", completed: 5000, total: 1000)
        #expect(
            ImageProgressDisplay.bar(over, columns: 80, colored: false).contains(
                "[\(full)]"))
    }

    @Test(arguments: [
        ("CgroupVersion", "Cgroup version"), ("OSType", "OS type"), ("NCPU", "NCPU"),
        ("NestboxRootDir", "Nestbox root dir"),
        ("OCISpecVersion", "OCI spec version"), ("Name", "Name"),
    ])
    func titles(name: String, expected: String) {
        #expect(ValueOutput.title(name) == expected)
    }

    @Test func valuesForPeople() {
        #expect(
            ValueOutput.text(of: ["Name": "a\u{1B}b", "N": 5, "MemTotal": 1_000_000, "L": ["x", "y"], "E": []])
                == "Name: a\\u{1B}b\nN: 5\nMem total: 1MB\nL:\n  x\n  y\n")
    }
}
