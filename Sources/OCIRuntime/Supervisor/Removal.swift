internal import Glibc
internal import LinuxSystem

/// What the supervisor of a `--rm` container takes away at its end.
///
/// The container is gone, for everybody, from one rename on. Its files go behind that: freeing them may take the disk long, and
/// nobody needs to wait for it. Whoever lists containers takes the rest away when this process is killed meanwhile.
struct Removal {
    private let id: String
    private let before: [String]
    private let moves: [String]
    private let behind: [String]
    private let lease: String?

    init(_ request: borrowing LaunchRequest) {
        id = request.id
        before = request.removeOnExit
        moves = request.moveOnExit
        behind = request.removeBehindExit
        lease = request.releaseBehindExit
    }

    /// Whether there is anything to take away: nothing is of a container without `--rm`.
    var isWanted: Bool { !moves.isEmpty }

    /// Makes the container one that is not there any more.
    func begin() {
        FileTree.removeAll(before)
        // Pairs in one list: the generic types of a list of pairs would stay in every supervisor's memory.
        var index = 0
        while index + 1 < moves.count {
            move(moves[index], to: moves[index + 1])
            index += 2
        }
    }

    private func move(_ path: String, to target: String) {
        if rename(path, target) == 0 { return }
        if Errno.current == .noSuchFile, let slash = target.utf8.lastIndex(of: UInt8(ascii: "/")),
            mkdir(String(target[..<slash]), 0o700) == 0, rename(path, target) == 0
        {
            return
        }
        // Between file systems, or on a disk that takes no new name.
        try? FileTree.remove(path)
    }

    /// Frees what it had.
    func finish() {
        FileTree.removeAll(behind)
        // By what it says: had somebody else freed the files, another container may have the ids by now.
        if let lease, StoredFile.link(lease) == id { unlink(lease) }
    }
}
