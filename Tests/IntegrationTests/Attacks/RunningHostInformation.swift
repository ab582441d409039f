import Glibc
import Testing

extension IntegrationTests {
    /// "Reading host information: /proc/kcore, keys, timer_list, sched_debug, interrupts, /sys/firmware, powercap, thermal",
    /// and writing what is the host's.
    @Suite struct RunningHostInformation {
        static let masked = [
            "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
            "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware",
            "/sys/devices/virtual/powercap", "/sys/devices/virtual/thermal",
        ]

        /// Prints what can be read below the paths.
        static let read = """
            for p in \(masked.joined(separator: " ")); do
                if [ -d $p ]; then [ -z "$(ls -A $p)" ] || echo "$p"
                elif [ -e $p ]; then [ -z "$(head -c 100 $p 2>/dev/null)" ] || echo "$p"; fi
            done; echo end
            """

        @Test func hostInformationIsMasked() throws {
            try TestEngine.withBusybox { engine in
                try #expect(engine("run", "--rm", "busybox", "sh", "-c", Self.read).output == "end\n")
                // Also for a root of the host's user namespace.
                let shared = try engine("run", "--rm", "--userns", "host", "busybox", "sh", "-c", Self.read)
                #expect(shared.output == "end\n", "\(shared)")
                // And exec sees the same.
                try engine("run", "-d", "--name", "masked", "busybox", "sleep", "1000")
                try #expect(engine("exec", "masked", "sh", "-c", Self.read).output == "end\n")
                // This machine has something to hide.
                let open = try engine(
                    "run", "--rm", "--security-opt", "systempaths=unconfined", "busybox", "sh", "-c", Self.read)
                #expect(open.lines.count > 1, "\(open)")
            }
        }

        /// Even the root of a user namespace that the container makes takes no mask off, and mounts no procfs without them.
        @Test func aMaskCannotBeTakenAway() throws {
            try TestEngine.withBusybox { engine in
                let script = """
                    for p in \(Self.masked.joined(separator: " ")) /proc/sys; do umount $p && echo $p; done
                    mount -o remount,rw,bind /proc/sys && echo remounted
                    mount -t proc proc /tmp && echo mounted
                    mount -t sysfs sysfs /tmp && echo mounted
                    \(Self.read)
                    """
                let result = try engine(
                    "run", "--rm", "--security-opt", "seccomp=unconfined", "-e", "SCRIPT=\(script)", "busybox", "sh",
                    "-c",
                    "sh -c \"$SCRIPT\" 2>/dev/null; unshare -Urmpf sh -c \"$SCRIPT\" 2>/dev/null")
                #expect(result.output == "end\nend\n", "\(result)")
            }
        }

        static let files = [
            "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/panic",
            "/proc/sys/vm/drop_caches",
            "/proc/sys/fs/binfmt_misc/register", "/proc/irq/default_smp_affinity", "/sys/kernel/mm/ksm/run",
            "/sys/kernel/uevent_helper", "/sys/power/state", "/sys/fs/cgroup/cgroup.procs",
            "/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/pids.max",
        ]

        @Test(arguments: [[], ["--userns", "host"]]) func theHostsSettingsAreReadOnly(_ options: [String]) throws {
            try TestEngine.withBusybox { engine in
                let panic = try TestEngine.read("/proc/sys/kernel/panic")
                let script = """
                    for p in \(Self.files.joined(separator: " ")); do
                        if [ -e $p ] && (echo 0 > $p) 2>/dev/null; then echo "$p"; fi
                    done
                    mkdir /sys/fs/cgroup/x /sys/fs/cgroup/pids/x /sys/fs/cgroup/unified/x 2>/dev/null && echo made
                    grep -E ' (/sys|/proc/sys|/proc/irq|/proc/bus) ' /proc/mounts | grep -v ' ro,'
                    echo end
                    """
                let result = try engine.run(["run", "--rm"] + options + ["busybox", "sh", "-c", script])
                #expect(result.output == "end\n", "\(result)")
                try #expect(TestEngine.read("/proc/sys/kernel/panic") == panic)
            }
        }
    }
}
