import LinuxSystem
import OCISpec
import Testing

@testable import OCIRuntime

@Suite struct RequestTests {
    private static let specification = RuntimeSpecification(
        ociVersion: "1.2.0",
        process: .init(user: .init(uid: 1, gid: 2), args: ["/bin/true"], cwd: "/"),
        linux: .init(namespaces: [.init(type: .user), .init(type: .mount)]))

    @Test func aLaunchRequestSurvivesItsJourney() throws {
        var request = LaunchRequest(
            id: "abc", specification: Self.specification,
            rootFilesystem: .overlay(lower: ["/l/2", "/l/1"], upper: "/u", work: "/w"), cgroupPath: "nestbox-x/abc",
            stateDirectory: "/run/x", statePath: "/var/x/state.json")
        #expect(try LaunchRequest(jsonBytes: request.jsonBytes()) == request)
        request.user = "app:staff"
        request.additionalGroups = ["audio"]
        request.idMap = IDMap(hostID: 1 << 30, count: 65536)
        request.logPath = "/var/x/log"
        request.openStdin = true
        request.initProcess = true
        request.removeOnExit = ["/a", "/b"]
        request.moveOnExit = ["/c", "/d"]
        request.removeBehindExit = ["/d"]
        request.releaseBehindExit = "/e"
        request.defaultSeccomp = true
        request.seccompCacheDirectory = "/c"
        request.stopSignal = 10
        request.rootFilesystem = .directory("/root")
        #expect(try LaunchRequest(jsonBytes: request.jsonBytes()) == request)
    }

    @Test func anExecRequestSurvivesItsJourney() throws {
        var request = ExecRequest(
            containerID: "abc", specification: Self.specification, process: .init(args: ["id"], cwd: "/"),
            containerProcess: ProcessIdentity(pid: 7, startTime: 99), cgroupPath: "nestbox-x/abc")
        request.user = "0"
        request.openStdin = true
        request.detach = true
        request.defaultSeccomp = true
        #expect(try ExecRequest(jsonBytes: request.jsonBytes()) == request)
    }

    @Test func aStateSurvivesItsJourney() throws {
        var state = ContainerState(status: .exited, bootID: "b")
        state.exitCode = 137
        state.oomKilled = true
        state.finishedAt = "2026-11-25T00:00:00Z"
        state.supervisor = ProcessIdentity(pid: 3, startTime: 4)
        #expect(try ContainerState(jsonBytes: state.jsonBytes()) == state)
    }

    @Test(arguments: ["{", "{}", #"{"status":"asleep"}"#, #"{"status":"running","process":{"pid":"x"}}"#])
    func aDamagedStateIsAnError(_ text: String) {
        #expect(throws: JSONError.self) { try ContainerState(jsonBytes: Array(text.utf8)) }
    }

    @Test func reportsSayWhatHappened() throws {
        let good = LaunchReport(pid: 12, warnings: ["w"])
        #expect(try LaunchReport(jsonBytes: good.jsonBytes()) == good)
        let bad = LaunchReport(LaunchError("no", exitCode: 127))
        #expect(bad.pid == nil && bad.exitCode == 127 && bad.error == "no")
        #expect(try LaunchReport(jsonBytes: bad.jsonBytes()) == bad)
    }
}
