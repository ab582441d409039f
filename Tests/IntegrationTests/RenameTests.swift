import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Containers that get another name.
    @Suite struct Rename {
        @Test(.enabled(if: TestNameServer.isInstalled)) func othersFindItByItsNewName() throws {
            try TestEngine.withNetwork { engine, _ in
                for network in ["app", "other"] { try engine.makeNetwork(network) }
                let web = try engine.container("web", "--network", "app")
                let database = try engine.container(
                    "db", "--network", "app", "--network", "other", "--network-alias", "store")
                let stranger = try engine.container("stranger", "--network", "other")
                let (app, other) = try (database.address(in: "app"), database.address(in: "other"))
                try #expect(web.finds("db", at: app) && stranger.finds("db", at: other))
                let renamed = try engine("rename", "db", "database")
                #expect(renamed.status == 0 && renamed.output.isEmpty && renamed.error.isEmpty, "\(renamed)")
                try #expect(web.finds("database", at: app) && stranger.finds("database", at: other))
                // The former name leads nowhere, the others stay.
                try #expect(web.finds("db") && stranger.finds("db"))
                try #expect(web.finds("store", at: app))
                try #expect(web.finds(String(engine.inspect("database", "{{.Id}}").prefix(12)), at: app))
                // Somebody else may have it.
                let second = try engine.container("db", "--network", "app")
                try #expect(web.finds("db", at: second.address(in: "app")))
                try #expect(web.finds("database", at: app))
                // Its end takes the new name away.
                try engine("stop", "-t", "0", "database")
                try #expect(web.finds("database"))
                try engine("start", "database")
                try #expect(web.finds("database", at: app))
            }
        }

        @Test func namesOfOneThatRunsAndOfOneThatDoesNot() throws {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--name", "one", "busybox", "sleep", "1000")
                try engine("create", "--name", "two", "busybox", "true")
                let id = try engine.inspect("one", "{{.Id}}")
                try engine.expectRefusal("rename", "one", "two", status: 1, saying: ["two", "in use"])
                try engine.expectRefusal("rename", "one", "one", status: 1, saying: ["one"])
                try engine.expectRefusal("rename", "one", "../x", status: 1, saying: ["invalid container name"])
                try engine.expectRefusal("rename", "none", "x1", status: 1, saying: ["none"])
                try #expect(engine("rename", String(id.prefix(8)), "uno").status == 0)
                try #expect(engine("rename", "/two", "/due").status == 0)
                try engine.expectRefusal("inspect", "one", status: 1, saying: ["one"])
                try #expect(engine.inspect("uno", "{{.Id}} {{.Name}} {{.State.Running}}") == "\(id) /uno true")
                try #expect(Set(engine("ps", "-a", "--format", "{{.Names}}").lines) == ["uno", "due"])
                try #expect(engine("exec", "uno", "echo", "in").line == "in")
                try #expect(engine("rm", "-f", "uno", "due").status == 0)
                #expect(TestEngine.names(in: "\(engine.root)/names").isEmpty)
            }
        }

        /// Its supervisor knows the former name only, and somebody else may have that.
        @Test(arguments: ["none", "bridge"]) func aContainerThatRemovesItselfTakesNobodysNameAway(_ network: String)
            throws
        {
            try TestEngine.withBusybox { engine in
                try engine("run", "-d", "--rm", "--network", network, "--name", "old", "busybox", "sleep", "1000")
                try #expect(engine("rename", "old", "new").status == 0)
                let other = try engine("run", "-d", "--name", "old", "busybox", "sleep", "1000").line
                try #expect(engine("stop", "-t", "0", "new").status == 0)
                #expect(try TestEngine.eventually { try engine("ps", "-aq", "--no-trunc").line == other })
                #expect(TestEngine.names(in: "\(engine.root)/names") == ["old"])
                try #expect(engine.inspect("old", "{{.Id}} {{.State.Running}}") == "\(other) true")
                try #expect(engine("run", "--rm", "--name", "new", "busybox", "echo", "well").line == "well")
            }
        }

        @Test(arguments: [false, true]) func theCommandDiesAtAnyMoment(_ isRunning: Bool) throws {
            try TestEngine.withBusybox { engine in
                try engine("create", "--name", "box", "busybox", "sleep", "1000")
                if isRunning { try engine("start", "box") }
                let id = try engine.inspect("box", "{{.Id}}")
                var names = ["box", "other"]
                for moment in 0..<16 {
                    let killed = try engine.start("rename", names[0], names[1])
                    usleep(UInt32(moment * 500 * TestEngine.patience))
                    killed.signal(SIGKILL)
                    _ = killed.finish()
                    // A new container gets the name that it does not have, without another look before.
                    let taken = try names.filter { try engine("create", "--name", $0, "busybox", "true").status == 0 }
                    #expect(taken.count == 1, "\(taken) at \(moment)")
                    let kept = names.filter { !taken.contains($0) }
                    try #expect(kept.count == 1 && engine.inspect(kept[0], "{{.Id}}") == id, "\(kept) at \(moment)")
                    for name in taken {
                        try #expect(engine.inspect(name, "{{.Id}}") != id)
                        try #expect(engine("rm", name).status == 0)
                    }
                    #expect(TestEngine.names(in: "\(engine.root)/names") == kept)
                    names = kept + taken
                }
                try #expect(engine.inspect(names[0], "{{.State.Running}}") == "\(isRunning)")
            }
        }
    }
}
