import CLinux
import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// `nestbox-runtime exec`, and terminals.
    @Suite struct RuntimeExec {
        @Test func aProcessJoinsTheContainer() throws {
            try TestBundle.with("sleep", "1000") { bundle in
                try bundle.expect("run", "-d", "box")
                let first = try bundle("exec", "box", "sh", "-c", "cat; cat /proc/1/cmdline; exit 5", input: "in ")
                #expect(first.status == 5 && first.output == "in sleep\01000\0", "\(first)")
                let second = try bundle(
                    "exec", "-u", "1:2", "-g", "5", "--env", "A=b", "--cwd=/etc", "--cap", "CAP_SYS_ADMIN", "box", "sh",
                    "-c", "id -u; id -g; id -G; pwd; echo $A; grep CapBnd /proc/self/status")
                let words = ["1", "2", "2 5", "/etc", "b", "CapBnd:\t0000000020200420"]
                #expect(second.lines.map(String.init) == words, "\(second)")
                let process = #"{"args":["id","-u"],"cwd":"/","user":{"uid":7,"gid":7}}"#
                try TestRegistry.write(process, to: "\(bundle.folder)/process.json")
                try #expect(bundle("exec", "--process", "\(bundle.folder)/process.json", "box").output == "7\n")
                try #expect(bundle("exec", "box", "nosuch").status == 255)

                let file = "\(bundle.folder)/pid"
                try bundle.expect("exec", "--detach", "--pid-file", file, "box", "sleep", "2000")
                try #expect(TestEngine.read("/proc/\(TestEngine.read(file))/cmdline") == "sleep\02000\0")
                try bundle.expect("pause", "box")
                try #expect(bundle("exec", "box", "true").error.contains("cannot exec in a paused container"))
                try bundle.expect("delete", "--force", "box")
                try #expect(bundle("exec", "box", "true").error.contains("does not exist"))
            }
        }

        @Test func aTerminalIsTheCallersOwn() throws {
            try TestBundle.with("sh", "-c", "tty; stty size; read x; echo got $x; exit 6") { bundle in
                bundle.configuration.process?.terminal = true
                try bundle.write()
                let session = try TerminalSession(bundle.command(["run", "box"]), rows: 33, columns: 77)
                #expect(session.shows("33 77"))
                #expect(session.text.contains("/dev/pts/0"))
                #expect(session.isRaw)
                session.type("word\r")
                #expect(session.finish() == 6)
                #expect(session.text.contains("got word"))
            }
        }

        @Test func theConsoleSocketGetsTheTerminal() throws {
            try TestBundle.with("sh", "-c", "echo seen; sleep 1000") { bundle in
                bundle.configuration.process?.terminal = true
                try #expect(bundle("create", "box").error.contains("without setting console socket"))
                let path = "\(bundle.folder)/console"
                let listener = FileDescriptor(owning: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
                var address = sockaddr_un()
                address.sun_family = sa_family_t(AF_UNIX)
                withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
                let bound = withUnsafePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        bind(listener.rawValue, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                    }
                }
                try #require(bound == 0 && listen(listener.rawValue, 1) == 0)
                try bundle.expect("create", "--console-socket", path, "box")
                let connection = FileDescriptor(owning: accept(listener.rawValue, nil, nil))
                var (byte, master) = (CChar(0), Int32(-1))
                #expect(nb_receive_descriptor(connection.rawValue, &byte, &master) == 1)
                try #require(master >= 0)
                let terminal = FileDescriptor(owning: master)
                try bundle.expect("start", "box")
                // A terminal gives what it has, which may be half a line.
                var (text, byteRead) = ("", UInt8(0))
                while !text.hasSuffix("\r\n"), read(terminal.rawValue, &byteRead, 1) == 1 {
                    text.unicodeScalars.append(Unicode.Scalar(byteRead))
                }
                #expect(text == "seen\r\n")
                try bundle.expect("delete", "--force", "box")
            }
        }
    }
}
