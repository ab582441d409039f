import Glibc
import Testing

@testable import Nestbox

@Suite struct ProcessTests {
    private func snapshot(
        _ name: String = "cat",
        _ fields: String = "S 1 42 42 34817 42 4194304 1 2 3 4 250 50 0 0 20 0 1 0 5000 8192000 300",
        status: String = "Uid:\t0\t1000\t0\t0\nVmLck:\t       0 kB\n", arguments: String = "cat\0-n\0"
    ) -> ProcessSnapshot? {
        ProcessSnapshot(
            pid: 42, stat: Array("42 (\(name)) \(fields) 0\n".utf8), status: Array(status.utf8),
            commandLine: Array(arguments.utf8))
    }

    private var scale: ProcessScale {
        var scale = ProcessScale()
        scale.ticksPerSecond = 100
        scale.uptimeTicks = 5000 + 100 * 1000
        scale.memory = 4096 * 3000
        scale.pageSize = 4096
        scale.users = [1000: "alice"]
        return scale
    }

    @Test(
        arguments: [
            (.pid, "42"), (.ppid, "1"), (.user, "alice"), (.uid, "1000"), (.pcpu, "0.3"), (.c, "0"), (.pmem, "10.0"),
            (.rss, "1200"), (.vsz, "8000"), (.tty, "pts/1"), (.stat, "Ss+"), (.time, "00:00:03"), (.etime, "16:40"),
            (.comm, "cat"), (.args, "cat -n"), (.cmd, "cat -n"),
        ] as [(ProcessColumn, String)])
    func columns(_ column: ProcessColumn, _ text: String) throws {
        #expect(column.text(of: try #require(snapshot()), scale) == text)
    }

    @Test func oddProcesses() throws {
        let ended = try #require(
            snapshot(") Z (", "Z 1 7 7 0 -1 0 1 2 3 4 0 0 0 0 30 5 3 0 5000 0 0", status: "Uid:\t9\t9\n", arguments: "")
        )
        #expect(ended.command == ") Z (")
        #expect(ProcessColumn.args.text(of: ended, scale) == "[) Z (] <defunct>")
        #expect(ProcessColumn.stat.text(of: ended, scale) == "ZNl")
        #expect(ProcessColumn.user.text(of: ended, scale) == "9")
        #expect(ProcessColumn.tty.text(of: ended, scale) == "?")
        #expect(snapshot("cat", "S 1 2") == nil)
        #expect(snapshot(status: "") == nil)
    }

    @Test func thisProcessIsReadAsItIs() throws {
        let own = try #require(ProcessSnapshot(pid: getpid()))
        #expect(own.parent == getppid() && own.user == geteuid() && own.arguments == CommandLine.arguments)
        #expect(ProcessSnapshot(pid: Int32.max) == nil)
    }

    @Test func optionsOfPs() throws {
        #expect(try [ProcessColumn](psOptions: []) == nil)
        #expect(try [ProcessColumn](psOptions: ["-ef"]) == nil)
        #expect(try [ProcessColumn](psOptions: ["-o", "pid,comm"]) == [.pid, .comm])
        #expect(try [ProcessColumn](psOptions: ["-opid", "-o", "%cpu tt"]) == [.pid, .pcpu, .tty])
        for options in [
            ["aux"], ["-o"], ["-o", ""], ["-o", "pid,wchan"], ["-o", "pid=X"], ["--forest"], ["-ef", "-L"],
        ] {
            #expect(throws: ConfigurationError.self, "\(options)") { try [ProcessColumn](psOptions: options) }
        }
    }

    @Test func aTableShowsNothingThatATerminalObeys() {
        let table = ProcessTable(titles: ["PID", "CMD"], rows: [["1", "a\tb\u{1B}[2J"]])
        #expect(table.text == "PID                 CMD\n1                   a\\tb\\u{1B}[2J\n")
    }
}
