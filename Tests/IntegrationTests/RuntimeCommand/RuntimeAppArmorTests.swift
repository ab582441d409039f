import Glibc
import LinuxSystem
import OCISpec
import Testing

extension IntegrationTests {
    /// Profiles of AppArmor, where the kernel has it: in the VM.
    @Suite struct RuntimeAppArmor {
        private static let parser = "/usr/sbin/apparmor_parser"

        private static var isThere: Bool {
            let enabled = try? TestEngine.read("/sys/module/apparmor/parameters/enabled")
            return enabled?.hasPrefix("Y") ?? false && access(parser, X_OK) == 0
        }

        /// Loads a profile that allows all but writing to one file, for as long as `body` takes.
        private func withProfile(_ bundle: TestBundle, denying path: String, _ body: (String) throws -> Void) throws {
            let name = "\(bundle.cgroup)-\(path.dropFirst())"
            let file = "\(bundle.folder)/\(name)"
            let text = "profile \(name) flags=(attach_disconnected) {\n file,\n capability,\n deny \(path) w,\n}\n"
            try FileDescriptor.open(file, O_WRONLY | O_CREAT).writeAll(Array(text.utf8))
            let loaded = try Command.run([Self.parser, "-r", "-K", file])
            try #require(loaded.status == 0, "\(loaded)")
            defer { _ = try? Command.run([Self.parser, "-R", file]) }
            try body(name)
        }

        @Test(.enabled(if: RuntimeAppArmor.isThere, "this kernel has no AppArmor, or apparmor_parser is missing"))
        func profilesConfineTheContainerAndWhatIsExecuted() throws {
            let script = "cat /proc/self/attr/current; echo x >/allowed && echo wrote; echo x >/denied"
            try TestBundle.with("sh", "-c", script) { bundle in
                try withProfile(bundle, denying: "/denied") { profile in
                    bundle.configuration.process?.apparmorProfile = profile
                    let confined = try bundle("run", "box")
                    #expect(confined.output == "\(profile) (enforce)\nwrote\n", "\(confined)")
                    #expect(confined.status != 0 && confined.error.contains("ermission denied"), "\(confined)")
                    // Another one for what is executed beside it.
                    bundle.configuration.process?.args = ["sleep", "1000"]
                    try bundle.expect("run", "-d", "box")
                    try withProfile(bundle, denying: "/allowed") { other in
                        let executed = try bundle("exec", "--apparmor", other, "box", "sh", "-c", script)
                        #expect(executed.output == "\(other) (enforce)\n", "\(executed)")
                        #expect(executed.status == 0 && executed.error.contains("ermission denied"), "\(executed)")
                    }
                    let same = try bundle("exec", "box", "sh", "-c", "cat /proc/self/attr/current")
                    #expect(same.output == "\(profile) (enforce)\n", "\(same)")
                    try bundle.expect("delete", "--force", "box")
                }
            }
        }

        @Test(.enabled(if: RuntimeAppArmor.isThere, "this kernel has no AppArmor, or apparmor_parser is missing"))
        func aProfileThatIsNotLoadedIsAnError() throws {
            try TestBundle.with("true") { bundle in
                bundle.configuration.process?.apparmorProfile = "no-such-profile"
                let result = try bundle("run", "box")
                #expect(result.status != 0 && result.error.contains("no-such-profile"), "\(result)")
                #expect(result.error.split(separator: "\n").count == 1, "\(result)")
            }
        }
    }
}
