import Testing

extension IntegrationTests {
    /// `diff`: what a container has changed of its image.
    @Suite struct FileChanges {
        @Test func everyKindOfChangeIsListed() throws {
            try TestEngine.with(image: "app-docker.tar") { engine in
                let untouched = try engine("create", "--name", "untouched", "example/app:1.0")
                try #require(untouched.status == 0, "\(untouched)")
                try #expect(engine("diff", "untouched").output.isEmpty)
                // Files of the upper layer, of the lower one, folders of both, and what the image itself has deleted.
                let script = """
                    mkdir -p /made/deep && echo x > /made/deep/file
                    echo more >> /etc/motd; rm /etc/group; echo again > /etc/issue
                    chmod 700 /srv; rm -r /usr/sbin; mkdir /usr/sbin; echo > /usr/sbin/new; echo > /usr/sbin/httpd
                    rm /bin/vi; ln -s nowhere /var/link; mkfifo /var/tmp/pipe; echo > "$(printf '/made/a\\nb')"
                    """
                let run = try engine(
                    "run", "--name", "box", "-u", "0", "--entrypoint", "sh", "example/app:1.0", "-c", script)
                try #require(run.status == 0, "\(run)")
                let result = try engine("diff", "box")
                // A folder that was made anew: all is gone that it does not have again.
                let gone = result.lines.filter { $0.hasPrefix("D /usr/sbin/") }
                #expect(gone.contains("D /usr/sbin/arping") && !gone.contains("D /usr/sbin/httpd"), "\(result)")
                #expect(
                    result.lines.filter { !gone.contains($0) }.map(String.init) == [
                        "C /bin", "D /bin/vi", "C /etc", "D /etc/group", "A /etc/issue", "C /etc/motd", "A /made",
                        #"A /made/a\nb"#, "A /made/deep", "A /made/deep/file", "C /srv", "C /usr", "C /usr/sbin",
                        "C /usr/sbin/httpd", "A /usr/sbin/new", "C /var", "A /var/link", "C /var/tmp",
                        "A /var/tmp/pipe",
                    ], "\(result)")
                try engine.expectRefusal("diff", "none", status: 1, saying: ["no such container"])
            }
        }

        @Test func mountsAreNoChanges() throws {
            try TestEngine.with { engine in
                try engine("run", "-d", "--name", "box", "-v", "vol:/bin/deep", "busybox", "sleep", "1000")
                try engine("exec", "box", "sh", "-c", "echo x > /bin/deep/file; echo y > /etc/hosts")
                let result = try engine("diff", "box")
                #expect(!result.output.contains("file") && !result.output.contains("/etc"), "\(result)")
                #expect(result.status == 0)
            }
        }
    }
}
