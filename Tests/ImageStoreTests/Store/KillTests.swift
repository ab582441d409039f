import Glibc
import LinuxSystem
import Testing

@testable import ImageStore

/// What kill -9 leaves in the middle of a load: another process of this test program loads, and is killed.
@Suite struct KillTests {
    private static let rootVariable = "NESTBOX_TEST_LOAD_ROOT"
    private static let childRoot = getenv(rootVariable).map { String(cString: $0) }

    /// Runs only in the other process: loads from a fifo that never ends.
    @Test(.enabled(if: childRoot != nil)) func loadInAnotherProcess() throws {
        let root = try #require(Self.childRoot)
        _ = try ImageStore(root: root).load(from: .file("\(root).fifo"))
    }

    @Test(.enabled(if: childRoot == nil)) func killedLoadLeavesNothing() throws {
        let fixture = try ImageFixture()
        let layer = ImageArchiveBuilder.layer("big", String(repeating: "x", count: 3 << 20))
        try fixture.folder.write("whole.tar", ImageArchiveBuilder.dockerSave([ImageArchiveBuilder.layer("kept")]))
        _ = try fixture.store.load(from: .file(fixture.folder("whole.tar")))
        let before = tree(fixture.store.root)

        let fifo = "\(fixture.store.root).fifo"
        try #require(mkfifo(fifo, 0o600) == 0)
        let child = try spawnLoad(root: fixture.store.root)
        do {
            // Open for reading too, so that nothing waits for a child that did not start.
            let writer = try FileDescriptor.open(fifo, O_RDWR | O_NONBLOCK)
            // Two whole layers, and half of a third; then it is in the middle of things.
            let archive = try ImageArchiveBuilder.dockerSave([layer, ImageArchiveBuilder.layer("b"), layer])
            var rest = archive.prefix(archive.count * 2 / 3)
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(writer.rawValue, $0.baseAddress, $0.count) }
                if count < 0 { try pause(child) } else { rest = rest.dropFirst(count) }
            }
            while !tree("\(fixture.store.root)/tmp").contains(where: Self.isBegun) {
                try pause(child)
            }
            let half = try #require(names("\(fixture.store.root)/tmp").first)
            // While its owner lives, no other command touches it.
            _ = try ImageStore(root: fixture.store.root)
            #expect(names("\(fixture.store.root)/tmp") == [half])
            kill(child, SIGKILL)
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
            #expect(status & 0x7F == SIGKILL)
        }
        #expect(names("\(fixture.store.root)/tmp") != [])
        #expect(try ImageStore(root: fixture.store.root).images().count == 1)
        #expect(tree(fixture.store.root) == before)
    }

    /// The third layer, as a folder or as an image.
    private static func isBegun(_ path: String) -> Bool {
        path.hasSuffix("layer-2/diff/big") || path.hasSuffix("layer-2/\(ErofsImage.file)")
    }

    /// Lets the child go on for a moment.
    private func pause(_ child: pid_t) throws {
        var status: Int32 = 0
        if waitpid(child, &status, WNOHANG) == child { throw Errno(ECHILD) }
        usleep(1000)
    }

    /// This program again, with nothing to do but the test above.
    private func spawnLoad(root: String) throws -> pid_t {
        let arguments = [
            CommandLine.arguments[0], "--testing-library", "swift-testing", "--filter",
            "KillTests.loadInAnotherProcess",
        ]
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = [strdup("\(Self.rootVariable)=\(root)")]
        var next = environ
        while let variable = next.pointee {
            environment.append(strdup(variable))
            next += 1
        }
        environment.append(nil)
        defer { for word in words + environment { free(word) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        var process = pid_t()
        let code = posix_spawn(&process, "/proc/self/exe", &actions, nil, &words, &environment)
        posix_spawn_file_actions_destroy(&actions)
        if code != 0 { throw Errno(code) }
        return process
    }
}
